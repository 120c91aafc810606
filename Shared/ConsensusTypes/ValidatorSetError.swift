/// Why validators do not make a set, or changes do not apply to one.
public enum ValidatorSetError: Error, Hashable, Sendable {
    /// No validators, or none left.
    case empty
    case tooManyValidators(limit: Int)
    case duplicate(ValidatorAddress)
    case negativePower(ValidatorAddress)
    /// One validator's power is above the largest total.
    case powerTooLarge(ValidatorAddress)
    /// The powers together are above the largest total.
    case totalPowerTooLarge
    /// The removal of a validator that is not in the set, or any removal from a new set.
    case unknownValidator(ValidatorAddress)
    /// A key type that has no address here and cannot sign.
    case unsupportedKeyType(String)
}
