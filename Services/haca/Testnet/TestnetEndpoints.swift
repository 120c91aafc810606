import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import ServiceKit

/// What is printed when a network is ready.
enum TestnetEndpoints {
    /// Endpoints and two examples to copy.
    static func text(_ description: TestnetDescription, layout: TestnetLayout, after start: Duration) -> String {
        let tenths = Int(start / .milliseconds(100))
        let model = description.exampleModel
        return """
            ready after \(tenths / 10).\(tenths % 10) s

              gateway   \(description.httpURL)    development, loopback only
                        \(description.httpsURL)   TLS ends inside the enclave (simulated)
              workers   \(description.workers.map { "127.0.0.1:\($0.port)" }.joined(separator: " "))
            \(chain(description))\
              folder    \(layout.folder)
              mode      open: no payment is asked

            Ask it with curl:

              curl \(description.httpURL)/v1/chat/completions -H 'content-type: application/json' \\
                -d '{"model": "\(model)", "max_tokens": 60,
                     "messages": [{"role": "user", "content": "Why is the sky blue?"}]}'

            Or with the openai package:

              from openai import OpenAI
              client = OpenAI(base_url="\(description.httpURL)/v1", api_key="none")
              stream = client.chat.completions.create(model="\(model)", stream=True, max_tokens=60,
                  messages=[{"role": "user", "content": "Why is the sky blue?"}])
              for chunk in stream:
                  print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="", flush=True)

            Or here: haca chat --folder \(layout.folder)
            """
    }

    private static func chain(_ description: TestnetDescription) -> String {
        guard !description.validators.isEmpty else { return "" }
        let urls = description.validators.map { "http://127.0.0.1:\($0.port)" }.joined(separator: " ")
        return "  chain     \(urls)    \(description.chainID), CometBFT's RPC\n"
    }

    /// Saves the certificate that the gateway's enclave made at boot, so that `curl --cacert` can pin it.
    static func saveLeaf(of description: TestnetDescription, layout: TestnetLayout) async throws {
        guard let certificate = try? await PresentedCertificate.fetch(host: "127.0.0.1", port: description.httpsPort)
        else {
            return
        }
        try layout.write(certificate, to: layout.gatewayCertificate)
    }
}

/// The certificate a TLS server shows, taken as it is: for pinning, not for trust.
enum PresentedCertificate {
    /// PEM.
    static func fetch(host: String, port: Int) async throws -> String {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .noHostnameVerification
        configuration.applicationProtocols = ["http/1.1"]
        let context = try NIOSSLContext(configuration: configuration)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let shown = loop.makePromise(of: [UInt8].self)
        let timeout = loop.scheduleTask(in: .seconds(5)) { shown.fail(ChannelError.connectTimeout(.seconds(5))) }
        defer { timeout.cancel() }
        let channel = try await ClientBootstrap(group: loop)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.closeFuture.whenComplete { _ in shown.fail(ChannelError.eof) }
                return channel.eventLoop.makeCompletedFuture {
                    let handler = try NIOSSLClientHandler(
                        context: context, serverHostname: nil,
                        customVerificationCallback: { chain, verdict in
                            shown.completeWith(Result { try chain.first?.toDERBytes() ?? [] })
                            verdict.succeed(.certificateVerified)
                        })
                    try channel.pipeline.syncOperations.addHandler(handler)
                }
            }
            .connect(host: host, port: port).get()
        let der = try await shown.futureResult.get()
        try? await channel.close()
        let base64 = Data(der).base64EncodedString(options: [.lineLength64Characters, .endLineWithLineFeed])
        return "-----BEGIN CERTIFICATE-----\n\(base64)\n-----END CERTIFICATE-----\n"
    }
}
