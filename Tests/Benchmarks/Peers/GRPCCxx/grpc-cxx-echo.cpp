// `grpc-cxx-echo serve|load …`: see Peers/README.md. One completion queue and one thread on each side.
#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "operations.grpc.pb.h"

namespace {

using haca::operations::v1::Echo;
using haca::operations::v1::EchoMessage;
using Clock = std::chrono::steady_clock;

struct Arguments {
    std::string verb, folder, shape = "unary";
    int port = 0;
    size_t payload = 100, in_flight = 1;
    long milliseconds = 300;
};

[[noreturn]] void stop(const std::string& why) {
    std::fprintf(stderr, "grpc-cxx-echo: %s\n", why.c_str());
    std::exit(70);
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) stop("cannot read " + path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::shared_ptr<grpc::ServerCredentials> server_credentials(const std::string& folder) {
    if (folder.empty()) return grpc::InsecureServerCredentials();
    grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = read_file(folder + "/authority.pem");
    options.pem_key_cert_pairs.push_back({read_file(folder + "/key.pem"), read_file(folder + "/certificate.pem")});
    return grpc::SslServerCredentials(options);
}

std::shared_ptr<grpc::ChannelCredentials> client_credentials(const std::string& folder) {
    if (folder.empty()) return grpc::InsecureChannelCredentials();
    return grpc::SslCredentials(
        {read_file(folder + "/authority.pem"), read_file(folder + "/key.pem"), read_file(folder + "/certificate.pem")});
}

// A call in progress, advanced by the completion queue.
class Step {
public:
    virtual ~Step() = default;
    virtual void advance(bool ok) = 0;
};

class UnaryAnswer final : public Step {
public:
    UnaryAnswer(Echo::AsyncService& service, grpc::ServerCompletionQueue& queue)
        : service(service), queue(queue), responder(&context) {
        service.RequestUnary(&context, &request, &responder, &queue, &queue, this);
    }

    void advance(bool ok) override {
        if (finished || !ok) {
            delete this;
            return;
        }
        new UnaryAnswer(service, queue);
        finished = true;
        responder.Finish(request, grpc::Status::OK, this);
    }

private:
    Echo::AsyncService& service;
    grpc::ServerCompletionQueue& queue;
    grpc::ServerContext context;
    EchoMessage request;
    grpc::ServerAsyncResponseWriter<EchoMessage> responder;
    bool finished = false;
};

class DownloadAnswer final : public Step {
public:
    DownloadAnswer(Echo::AsyncService& service, grpc::ServerCompletionQueue& queue)
        : service(service), queue(queue), writer(&context) {
        service.RequestDownload(&context, &request, &writer, &queue, &queue, this);
    }

    void advance(bool ok) override {
        if (finished || !ok) {
            delete this;
            return;
        }
        if (!started) {
            started = true;
            new DownloadAnswer(service, queue);
            answer.set_payload(request.payload());
        }
        if (sent < request.count()) {
            sent += 1;
            writer.Write(answer, this);
        } else {
            finished = true;
            writer.Finish(grpc::Status::OK, this);
        }
    }

private:
    Echo::AsyncService& service;
    grpc::ServerCompletionQueue& queue;
    grpc::ServerContext context;
    EchoMessage request, answer;
    grpc::ServerAsyncWriter<EchoMessage> writer;
    uint64_t sent = 0;
    bool started = false, finished = false;
};

void serve(const Arguments& arguments) {
    Echo::AsyncService service;
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", server_credentials(arguments.folder), &port);
    builder.RegisterService(&service);
    auto queue = builder.AddCompletionQueue();
    auto server = builder.BuildAndStart();
    if (!server || port == 0) stop("cannot listen");
    for (int waiting = 0; waiting < 128; waiting++) {
        new UnaryAnswer(service, *queue);
        new DownloadAnswer(service, *queue);
    }
    std::printf("PORT %d\n", port);
    std::fflush(stdout);
    void* tag;
    bool ok;
    while (queue->Next(&tag, &ok)) static_cast<Step*>(tag)->advance(ok);
}

struct Load {
    const Arguments& arguments;
    Echo::Stub& stub;
    grpc::CompletionQueue& queue;
    EchoMessage message;
    Clock::time_point end;
    uint64_t calls = 0;
    size_t running = 0;
    std::vector<uint64_t> latencies;
};

class Caller final : public Step {
public:
    explicit Caller(Load& load) : load(load) { start(); }

    void advance(bool ok) override {
        if (unary) {
            if (!status.ok() || answer.payload().size() != load.message.payload().size()) stop("a call failed");
            load.calls += 1;
            finish();
        } else if (state == State::finishing) {
            if (!status.ok()) stop("a call failed");
            finish();
        } else {
            if (state == State::reading && ok) load.calls += 1;
            if (state == State::reading && !ok) {
                state = State::finishing;
                reader->Finish(&status, this);
                return;
            }
            if (!ok) stop("a call could not start");
            state = State::reading;
            reader->Read(&answer, this);
        }
    }

private:
    enum class State { starting, reading, finishing };

    void start() {
        // They live in the call that the context owns.
        unary.reset();
        reader.reset();
        context = std::make_unique<grpc::ClientContext>();
        began = Clock::now();
        if (load.arguments.shape == "unary") {
            unary = load.stub.AsyncUnary(context.get(), load.message, &load.queue);
            unary->Finish(&answer, &status, this);
        } else {
            state = State::starting;
            reader = load.stub.AsyncDownload(context.get(), load.message, &load.queue, this);
        }
    }

    void finish() {
        auto now = Clock::now();
        load.latencies.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(now - began).count());
        if (now < load.end) {
            start();
        } else {
            load.running -= 1;
            delete this;
        }
    }

    Load& load;
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientAsyncResponseReader<EchoMessage>> unary;
    std::unique_ptr<grpc::ClientAsyncReader<EchoMessage>> reader;
    EchoMessage answer;
    grpc::Status status;
    State state = State::starting;
    Clock::time_point began;
};

void run(Load& load, long milliseconds) {
    load.calls = 0;
    load.latencies.clear();
    load.end = Clock::now() + std::chrono::milliseconds(milliseconds);
    load.running = load.arguments.in_flight;
    for (size_t index = 0; index < load.arguments.in_flight; index++) new Caller(load);
    void* tag;
    bool ok;
    while (load.running > 0 && load.queue.Next(&tag, &ok)) static_cast<Step*>(tag)->advance(ok);
}

void call(const Arguments& arguments) {
    grpc::ChannelArguments channel_arguments;
    if (!arguments.folder.empty()) channel_arguments.SetSslTargetNameOverride("localhost");
    auto channel = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(arguments.port),
                                             client_credentials(arguments.folder), channel_arguments);
    if (!channel->WaitForConnected(std::chrono::system_clock::now() + std::chrono::seconds(10)))
        stop("cannot connect");
    auto stub = Echo::NewStub(channel);
    grpc::CompletionQueue queue;
    Load load{arguments, *stub, queue, {}, {}, 0, 0, {}};
    load.message.set_payload(std::string(arguments.payload, 'Z'));
    size_t count = std::min<size_t>(20000, 8 * 1024 * 1024 / arguments.payload) / arguments.in_flight;
    load.message.set_count(std::max<size_t>(1, count));
    run(load, 100);
    auto start = Clock::now();
    run(load, arguments.milliseconds);
    double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    std::sort(load.latencies.begin(), load.latencies.end());
    auto percentile = [&](double part) {
        return load.latencies.empty() ? 0 : load.latencies[size_t((load.latencies.size() - 1) * part)] / 1000.0;
    };
    std::printf("{\"calls\":%llu,\"seconds\":%.6f,\"p50_us\":%.3f,\"p99_us\":%.3f,\"bytes\":%llu}\n",
                static_cast<unsigned long long>(load.calls), seconds, percentile(0.5), percentile(0.99),
                static_cast<unsigned long long>(load.calls * arguments.payload));
}

}  // namespace

int main(int count, char** words) {
    Arguments arguments;
    if (count > 1) arguments.verb = words[1];
    for (int index = 2; index + 1 < count; index += 2) {
        std::string name = words[index], value = words[index + 1];
        if (name == "--tls") arguments.folder = value;
        if (name == "--port") arguments.port = std::atoi(value.c_str());
        if (name == "--shape") arguments.shape = value;
        if (name == "--payload") arguments.payload = std::strtoul(value.c_str(), nullptr, 10);
        if (name == "--in-flight") arguments.in_flight = std::strtoul(value.c_str(), nullptr, 10);
        if (name == "--milliseconds") arguments.milliseconds = std::atol(value.c_str());
    }
    if (arguments.payload == 0 || arguments.in_flight == 0) stop("a payload and calls in flight are needed");
    if (arguments.verb == "serve")
        serve(arguments);
    else if (arguments.verb == "load")
        call(arguments);
    else
        stop("serve or load");
}
