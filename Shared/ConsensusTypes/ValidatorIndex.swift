/// Where the members of a validator set are, by address: shared by all the set's rotations.
final class ValidatorIndex: Sendable {
    /// Up to so many validators, scanning is as fast as hashing.
    private static let scanningLimit = 8

    private let places: [ValidatorAddress: Int32]
    /// An address that occurs more than once, if any does.
    let repeated: ValidatorAddress?

    init(_ validators: [Validator]) {
        var places: [ValidatorAddress: Int32] = [:]
        var repeated: ValidatorAddress?
        if validators.count > Self.scanningLimit {
            places.reserveCapacity(validators.count)
            for (index, validator) in validators.enumerated() {
                if places.updateValue(Int32(index), forKey: validator.address) != nil { repeated = validator.address }
            }
        } else {
            for (index, validator) in validators.enumerated()
            where validators[..<index].contains(where: { $0.address == validator.address }) {
                repeated = validator.address
            }
        }
        self.places = places
        self.repeated = repeated
    }

    func index(of address: ValidatorAddress, in validators: [Validator]) -> Int? {
        validators.count > Self.scanningLimit
            ? places[address].map(Int.init) : validators.firstIndex { $0.address == address }
    }
}
