import Foundation
import RPC
import WireAttestation

/// Serves a measured child at the other end of its inherited socket, for the simulator.
public struct EnclaveHostResponder: EnclaveHostService {
    private let module: SimulatedSecurityModule
    private let sealedBox: SealedBox

    /// Serves the child that `module` was made for.
    public init(module: SimulatedSecurityModule, sealedBox: SealedBox) {
        self.module = module
        self.sealedBox = sealedBox
    }

    /// Signing takes a millisecond, too long for an event loop.
    public var execution: HandlerExecution { .globalPool }

    /// A server for one connected socket, which it takes over.
    public func server(fileDescriptor: CInt) -> RPCServer {
        RPCServer(
            configuration: RPCServerConfiguration(
                endpoint: .connected(fileDescriptor: fileDescriptor), network: EnclaveClient.network,
                security: .plaintext),
            services: [self])
    }

    public func attest(
        _ request: Haca_Attestation_V1_HostAttestRequest, context: ServerContext
    ) async throws -> Haca_Attestation_V1_HostAttestResponse {
        var response = Haca_Attestation_V1_HostAttestResponse()
        do {
            let document = try module.makeDocument(
                nonce: Self.optional(request.nonce), userData: Self.optional(request.userData),
                publicKey: Self.optional(request.publicKey))
            response.document = Data(document)
        } catch SimulatedSecurityModule.RequestError.fieldTooLong(let field) {
            throw RPCError(.invalidArgument, "\(field) is longer than a document allows")
        }
        return response
    }

    public func seal(
        _ request: Haca_Attestation_V1_SealRequest, context: ServerContext
    ) async throws -> Haca_Attestation_V1_SealResponse {
        var response = Haca_Attestation_V1_SealResponse()
        do {
            response.sealed = Data(try sealedBox.seal([UInt8](request.plaintext), label: [UInt8](request.label)))
        } catch {
            throw RPCError(.invalidArgument, "plaintext or label is too long to be sealed")
        }
        return response
    }

    public func unseal(
        _ request: Haca_Attestation_V1_UnsealRequest, context: ServerContext
    ) async throws -> Haca_Attestation_V1_UnsealResponse {
        var response = Haca_Attestation_V1_UnsealResponse()
        do {
            response.plaintext = Data(try sealedBox.open([UInt8](request.sealed), label: [UInt8](request.label)))
        } catch {
            throw RPCError(
                .failedPrecondition, "not sealed for these measurements on this host under this label, or damaged")
        }
        return response
    }

    public func describe(
        _ request: Haca_Attestation_V1_DescribeRequest, context: ServerContext
    ) async throws -> Haca_Attestation_V1_DescribeResponse {
        var response = Haca_Attestation_V1_DescribeResponse()
        response.simulated = true
        for (number, value) in module.measurements.registers { response.pcrs[UInt32(number)] = Data(value) }
        response.rootCertificate = Data(module.root.der)
        return response
    }

    /// Protocol Buffers do not tell an absent field from an empty one; Nitro's fields are absent then.
    private static func optional(_ data: Data) -> [UInt8]? { data.isEmpty ? nil : [UInt8](data) }
}
