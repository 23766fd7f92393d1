// A server that is away, or asks for patience, is nobody's own fault; one that answers runs/get is not away.
#include "study/tracking/connection.hpp"

#include <fmt/core.h>

#include <optional>

namespace dsx::tracking {
namespace {

std::string kind_word(const std::string& name) { return name.substr(0, name.find(' ')); }

}  // namespace

Connection::Connection(std::filesystem::path run_folder, std::string url, Credentials credentials,
                       ClientOptions options, const std::atomic<bool>* stop)
    : folder(std::move(run_folder)),
      client(url, std::move(credentials), std::move(options), stop),
      file(folder, url) {}

ServerRun Connection::living_run(const std::string& id) {
  std::optional<ServerRun> found;
  try {
    found = client.get_run(id);
  } catch (const Refused& refused) {
    if (refused.kind != Refused::Kind::not_found) throw;
  }
  if (found && !found->experiment_id.empty()) {
    const ServerExperiment experiment = client.experiment(found->experiment_id);
    if (experiment.deleted)
      throw Refused(Refused::Kind::other,
                    fmt::format("{}: experiment '{}' was deleted there, and run {} with it; restore it "
                                "(mlflow experiments restore -x {})",
                                client.url(), shown(experiment.name), id, found->experiment_id));
  }
  if (found && !found->deleted) return *found;
  if (!found && file.cursor.run_id.empty())
    throw Refused(Refused::Kind::other,
                  fmt::format("{}: MLFLOW_RUN_ID: there is no run {} there", client.url(), shown(id)));
  if (!found)
    throw Refused(Refused::Kind::other,
                  fmt::format("{}: run {} is not there any more: deleted for good, or another server's; "
                              "remove {} to send it anew",
                              client.url(), id, file.path().string()));
  throw Refused(Refused::Kind::other,
                fmt::format("{}: run {} was deleted there; restore it (mlflow runs restore --run-id {}), or "
                            "remove {} to send the run anew",
                            client.url(), id, id, file.path().string()));
}

void Connection::expect_living() { living_run(run.id); }

bool Connection::gives_up(const std::string& name, const TryAgain& error) {
  if (!error.may_have_arrived || error.busy) return false;
  if (failing_ != name) failures_ = 0;
  failing_ = name;
  const bool known = file.cursor.aside.count(name) != 0 || ill_.count(kind_word(name)) != 0;
  if (++failures_ < (known ? 1 : kTries)) return false;
  expect_living();
  failures_ = 0;
  ill_.insert(kind_word(name));
  return true;
}

void Connection::attempt(const std::string& name, const Json& body, const std::function<void()>& send) {
  try {
    send();
    arrived(name);
    return;
  } catch (const TryAgain& error) {
    if (!gives_up(name, error)) throw;
    set_aside(name, error.what(), body);
  } catch (const Refused& refused) {
    // A right that is missing for this alone.
    if (refused.kind == Refused::Kind::credentials || refused.kind == Refused::Kind::not_found)
      expect_living();
    set_aside(name, refused.what(), body);
  }
}

void Connection::set_aside(const std::string& name, const std::string& why, const Json& body) {
  file.cursor.aside[name] = {why, body};
}

void Connection::refuse(const std::string& name, const std::string& why) {
  file.cursor.aside.erase(name);
  file.cursor.refused[name] = why;
}

void Connection::arrived(const std::string& name) {
  file.cursor.aside.erase(name);
  file.cursor.refused.erase(name);
  failures_ = 0;
  ill_.erase(kind_word(name));
}

}  // namespace dsx::tracking
