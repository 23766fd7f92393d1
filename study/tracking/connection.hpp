// What all parts of a delivery share: the server, the run there, how far it is, and the rule by which one
// request that fails again and again is set aside instead of holding back all behind it.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>

#include "study/tracking/cursor.hpp"
#include "study/tracking/mlflow.hpp"

namespace dsx::tracking {

class Connection {
 public:
  Connection(std::filesystem::path folder, std::string url, Credentials credentials, ClientOptions options,
             const std::atomic<bool>* stop);

  const std::filesystem::path folder;  // the run's
  MlflowClient client;
  CursorFile file;
  ServerRun run;  // once it is known

  // The run as the server has it now. Throws Refused when it, or its experiment, was deleted there.
  ServerRun living_run(const std::string& id);

  // Sends one thing; `name` as in Cursor::aside, `body` what to keep of it. When its request failed for the
  // kTries-th time, though the server answers others, it is set aside (again: at its first failure). Throws
  // TryAgain else, Refused when nothing can be sent.
  void attempt(const std::string& name, const Json& body, const std::function<void()>& send);
  // True: what failed is the request's own fault, since the server answers others. Throws as attempt().
  bool gives_up(const std::string& name, const TryAgain& error);
  void expect_living();

  void set_aside(const std::string& name, const std::string& why, const Json& body);
  void refuse(const std::string& name, const std::string& why);
  void arrived(const std::string& name);

  static constexpr int kTries = 3;

 private:
  std::string failing_;  // what failed last, and how often in a row
  int failures_ = 0;
  std::set<std::string> ill_;  // kinds ("artifact") of which one was set aside since one arrived
};

}  // namespace dsx::tracking
