import ServiceKit

/// What users call: OpenAI's HTTP surface, with a signature and a receipt on every answer.
@main
struct HacaGateway {
    static func main() async {
        await ServiceRunner.main(
            name: "haca-gateway", summary: "answers users with signed results of attested workers",
            keys: GatewayKeys.all
        ) {
            try await GatewayProcess(service: $0).run()
        }
    }
}
