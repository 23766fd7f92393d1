// A server in this process that keeps what MLflow's REST API gets, without MLflow's own protection against
// duplicates, and misbehaves on command: errors, lost answers, other artifact stores. One connection at a
// time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace dsx::tracking {

class StandInServer {
 public:
  using Json = nlohmann::json;
  struct Request {
    std::string method, path, query, head, body;
  };
  struct Answer {
    int status = 200;
    std::string body = "{}", headers = "";
    bool lost = false;  // the connection ends without it
  };
  // Looked at before the request is worked on: {503} refuses it, nothing lets it pass.
  std::function<std::optional<Answer>(const Request&)> before;
  // May turn the answer of a request that was worked on into a lost one.
  std::function<void(const Request&, Answer&)> after;

  StandInServer() {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(socket_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(socket_, 16) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~StandInServer() {
    stop_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    thread_.join();
    ::close(socket_);
  }
  StandInServer(const StandInServer&) = delete;
  StandInServer& operator=(const StandInServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

  std::atomic<int> runs_created{0};  // may be read at any time
  // What has arrived; to be read when nothing is sent.
  Json metrics = Json::array();
  std::map<std::string, std::string> params, tags, artifacts;
  std::vector<Json> inputs;
  std::vector<std::string> runs, statuses;
  std::vector<Request> requests;
  std::string artifact_uri = "mlflow-artifacts:/1/run/artifacts";
  bool deleted = false, experiment_deleted = false;
  std::string shown_status;  // what runs/get says; "": the last that was set

 private:
  void serve() {
    while (!stop_) {
      const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
      if (connection < 0) continue;
      answer_one(connection);
      ::close(connection);
    }
  }

  void answer_one(int connection) {
    std::string text;
    std::size_t head_end = 0, length = 0;
    while (true) {
      head_end = text.find("\r\n\r\n");
      if (head_end != std::string::npos) {
        const auto at = text.find("Content-Length: ");
        length = at < head_end ? std::strtoul(text.c_str() + at + 16, nullptr, 10) : 0;
        if (text.size() >= head_end + 4 + length) break;
      }
      char buffer[65536];
      const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
      if (got <= 0) return;
      text.append(buffer, static_cast<std::size_t>(got));
    }
    Request request;
    request.method = text.substr(0, text.find(' '));
    const auto start = text.find(' ') + 1;
    request.path = text.substr(start, text.find(' ', start) - start);
    if (const auto mark = request.path.find('?'); mark != std::string::npos) {
      request.query = request.path.substr(mark + 1);
      request.path.erase(mark);
    }
    request.head = text.substr(0, head_end);
    request.body = text.substr(head_end + 4, length);
    requests.push_back(request);
    Answer answer;
    const std::optional<Answer> refusal = before ? before(request) : std::nullopt;
    answer = refusal ? *refusal : work(request);
    if (after) after(request, answer);
    if (answer.lost) return;
    const std::string out =
        "HTTP/1.1 " + std::to_string(answer.status) +
        " X\r\nConnection: close\r\nContent-Length: " + std::to_string(answer.body.size()) + "\r\n" +
        answer.headers + "\r\n" + answer.body;
    if (::send(connection, out.data(), out.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(out.size())) return;
  }

  static Answer error(int status, const std::string& code) {
    return {status, Json({{"error_code", code}, {"message", "stand-in: " + code}}).dump(), ""};
  }

  Answer work(const Request& request) {
    const std::string api = "/api/2.0/mlflow/", proxy = "/api/2.0/mlflow-artifacts/artifacts/";
    if (request.path.rfind(proxy, 0) == 0) {
      const std::string name = request.path.substr(proxy.size());
      if (request.method == "GET") {
        const auto found = artifacts.find(name);
        return found == artifacts.end() ? error(404, "RESOURCE_DOES_NOT_EXIST")
                                        : Answer{200, found->second, ""};
      }
      artifacts[name] = request.body;
      return {};
    }
    const std::string call = request.path.substr(std::min(api.size(), request.path.size()));
    const Json body = Json::parse(request.body, nullptr, false);
    if (call == "experiments/get-by-name") return get_experiment();
    if (call == "experiments/get")
      return {200, Json({{"experiment",
                          {{"experiment_id", "1"},
                           {"name", "an experiment"},
                           {"lifecycle_stage", experiment_deleted ? "deleted" : "active"}}}})
                       .dump()};
    if (call == "artifacts/list") return list(request.query);
    if (call == "experiments/create") {
      has_experiment_ = true;
      return {200, R"({"experiment_id": "1"})"};
    }
    if (call == "runs/search") {
      Json found = Json::array();
      for (const std::string& uid : runs)
        if (body["filter"].get<std::string>().find(uid) != std::string::npos)
          found.push_back(run_json(uid)["run"]);
      return {200, Json({{"runs", found}}).dump()};
    }
    if (call == "runs/create") {
      for (const Json& tag : body["tags"]) {
        tags[tag["key"]] = tag["value"];
        if (tag["key"] == "downscalexr.uid") runs.push_back(tag["value"]);
      }
      ++runs_created;
      return {200, run_json(runs.back()).dump()};
    }
    if (call == "runs/get")
      return runs.empty() ? error(404, "RESOURCE_DOES_NOT_EXIST") : Answer{200, run_json(runs.back()).dump()};
    if (call == "runs/update") statuses.push_back(body["status"]);
    if (call == "runs/log-inputs")
      for (const Json& input : body["datasets"]) inputs.push_back(input["dataset"]);
    if (call == "runs/log-batch") return log_batch(body);
    if (call == "metrics/get-history") return history(request.query);
    return {};
  }

  Answer get_experiment() const {
    if (!has_experiment_) return error(404, "RESOURCE_DOES_NOT_EXIST");
    return {200, R"({"experiment": {"experiment_id": "1", "lifecycle_stage": "active"}})"};
  }

  // As MLflow: a parameter never changes; nothing of a refused batch is kept.
  Answer log_batch(const Json& body) {
    const Json none = Json::array();
    for (const Json& param : body.value("params", none)) {
      const auto known = params.find(param["key"]);
      if (known != params.end() && known->second != param["value"])
        return error(400, "INVALID_PARAMETER_VALUE");
    }
    for (const Json& metric : body.value("metrics", none)) metrics.push_back(metric);
    for (const Json& param : body.value("params", none)) params[param["key"]] = param["value"];
    for (const Json& tag : body.value("tags", none)) tags[tag["key"]] = tag["value"];
    return {};
  }

  Answer history(const std::string& query) const {
    Json found = Json::array();
    for (const Json& metric : metrics)
      if (query.find("metric_key=" + metric["key"].get<std::string>() + "&") != std::string::npos)
        found.push_back(metric);
    return {200, Json({{"metrics", found}}).dump()};
  }

  // Names with a % in them are not tried with this.
  Answer list(const std::string& query) const {
    const std::string root = "1/run/artifacts/";
    std::string folder = query.substr(query.find("path=") + 5);
    for (std::size_t at; (at = folder.find("%2F")) != std::string::npos;) folder.replace(at, 3, "/");
    const std::string prefix = root + folder + (folder.empty() ? "" : "/");
    Json files = Json::array();
    for (const auto& [name, bytes] : artifacts)
      if (name.rfind(prefix, 0) == 0 && name.find('/', prefix.size()) == std::string::npos)
        files.push_back({{"path", name.substr(root.size())},
                         {"is_dir", false},
                         {"file_size", std::to_string(bytes.size())}});
    return {200, Json({{"files", files}}).dump()};
  }

  // The last point of each metric, as MLflow shows it.
  Json data_json() const {
    std::map<std::string, Json> last;
    for (const Json& metric : metrics) {
      Json& known = last[metric["key"]];
      if (known.is_null() || known["step"] <= metric["step"]) known = metric;
    }
    Json data = {{"metrics", Json::array()}, {"params", Json::array()}, {"tags", Json::array()}};
    for (const auto& [key, metric] : last) data["metrics"].push_back(metric);
    for (const auto& [key, value] : params) data["params"].push_back({{"key", key}, {"value", value}});
    for (const auto& [key, value] : tags) data["tags"].push_back({{"key", key}, {"value", value}});
    return data;
  }

  Json run_json(const std::string& uid) const {
    Json given = Json::array();
    for (const Json& input : inputs) given.push_back({{"dataset", input}});
    const std::string status = !shown_status.empty() ? shown_status
                               : statuses.empty()    ? "RUNNING"
                                                     : statuses.back();
    return {{"run",
             {{"info",
               {{"run_id", "run-" + uid},
                {"experiment_id", "1"},
                {"artifact_uri", artifact_uri},
                {"lifecycle_stage", deleted ? "deleted" : "active"},
                {"status", status}}},
              {"data", data_json()},
              {"inputs", {{"dataset_inputs", given}}}}}};
  }

  int socket_ = -1;
  int port_ = 0;
  bool has_experiment_ = false;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace dsx::tracking
