import Foundation
import Logging
import Primitives
import ServiceKit
import Testing

@Suite("Logs")
struct LoggingTests {
    /// Logs into a pipe and gives the lines that came out.
    private func lines(
        _ format: LogFormat = .json, level: Logger.Level = .trace, _ body: (Logger, LogOutput) -> Void
    ) throws -> [String] {
        let pipe = Pipe()
        let sink = LogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
        let output = LogOutput(service: "haca-test", instance: "7", format: format, sink: sink, level: level)
        body(output.logger(label: "unit"), output)
        output.flush()
        try pipe.fileHandleForWriting.close()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }

    @Test func `a JSON line has the fields that operators search for`() throws {
        let text = try #require(
            try lines { logger, _ in logger.info("served", metadata: ["event": "worker.served", "tokens": "\(5)"]) }
                .first)
        let json = try JSON(parsing: Array(text.utf8))
        #expect(json["level"]?.stringValue == "info")
        #expect(json["service"]?.stringValue == "haca-test")
        #expect(json["instance"]?.stringValue == "7")
        #expect(json["event"]?.stringValue == "worker.served")
        let time = try #require(json["time"]?.stringValue)
        #expect(time.wholeMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/#) != nil)
    }

    @Test(arguments: [
        "authorization", "Authorization", "x-api-key", "openai_api_key", "http.cookie", "prompt", "token",
    ])
    func `values that must not be logged are stars in both formats`(field: String) throws {
        for format in [LogFormat.json, .console(coloured: false), .console(coloured: true)] {
            let text = try lines(format) { logger, _ in logger.error("refused", metadata: [field: "hunter2"]) }.joined()
            #expect(text.contains("***"))
            #expect(!text.contains("hunter2"))
        }
    }

    @Test func `nested fields are redacted too`() throws {
        let text = try lines { logger, _ in
            logger.error("refused", metadata: ["request": .dictionary(["api_key": "hunter2", "route": "chat"])])
        }.joined()
        #expect(!text.contains("hunter2"))
        #expect(text.contains("chat"))
    }

    @Test func `text from outside cannot forge a line or drive a terminal`() throws {
        let evil = "x\n{\"level\":\"info\"}\u{1B}[2J"
        for format in [LogFormat.json, .console(coloured: false)] {
            let found = try lines(format) { logger, _ in logger.warning("\(evil)", metadata: ["peer": "\(evil)"]) }
            #expect(found.count == 1)
            #expect(!found.joined().contains("\u{1B}"))
        }
    }

    @Test func `the running task's trace stands in every line`() throws {
        let trace = try #require(TraceParent(parsing: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        let text = try lines { logger, _ in
            TraceParent.$current.withValue(trace) { logger.info("inside") }
        }.joined()
        #expect(text.contains("\"trace_id\":\"0af7651916cd43dd8448eb211c80319c\""))
        #expect(text.contains("\"span_id\":\"b7ad6b7169203331\""))
    }

    @Test func `a repeated line is held back and counted`() throws {
        var suppressed = 0
        let found = try lines { logger, output in
            for _ in 0..<1_000 { logger.info("again") }
            suppressed = output.suppressed
        }
        // A second boundary inside the loop would admit a second helping.
        #expect(found.count <= 2 * LogOutput.maximumRepeats)
        #expect(found.count + suppressed == 1_000)
    }

    @Test func `a level change applies to loggers that exist already`() throws {
        let found = try lines(level: .info) { logger, output in
            logger.debug("before")
            output.level = .debug
            logger.debug("after")
        }
        #expect(found.count == 1)
        #expect(found.first?.contains("after") == true)
    }

    @Test(arguments: [
        "", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    ])
    func `a malformed traceparent is no trace`(header: String) {
        #expect(TraceParent(parsing: header) == nil)
    }

    @Test func `a trace survives its wire form and keeps its identifier in children`() throws {
        let trace = TraceParent(sampled: true)
        #expect(TraceParent(bytes: trace.bytes) == trace)
        #expect(TraceParent(parsing: trace.description) == trace)
        #expect(trace.child().traceID == trace.traceID)
        #expect(trace.child().spanID != trace.spanID)
    }
}
