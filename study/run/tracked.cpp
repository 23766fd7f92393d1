// Nothing here throws into a run, but for an address that the user typed wrong.
#include "study/run/tracked.hpp"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <map>
#include <thread>

#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/version.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;

// An upload of the checkpoints takes seconds; whoever has a slow line sends the rest with `study sync`.
constexpr double kEndWaits_s = 60, kEndWaitsInVain_s = 5, kBriefWait_s = 5;
constexpr const char* kDefaultExperiment = "DownScaleXR";

void warn(const std::string& text) noexcept {
  try {
    std::fflush(stdout);
    fmt::print(stderr, "study: warning: tracking: {}\n", text);
  } catch (const std::exception&) {
    return;  // stderr is closed
  }
}

std::vector<tracking::Record> records_of(const fs::path& folder) {
  std::error_code ignored;
  const fs::path path = folder / tracking::kJournalName;
  if (folder.empty() || !fs::exists(path, ignored)) return {};
  return tracking::JournalReader(path).read_new();
}

tracking::Target last_target(const std::vector<tracking::Record>& records) {
  tracking::Target target;
  for (const tracking::Record& record : records)
    if (record.event.value("type", "") == "server") target = tracking::target_of(record.event);
  return target;
}

tracking::Target target_in(const fs::path& folder) {
  try {
    return last_target(records_of(folder));
  } catch (const std::exception&) {
    return {};  // whoever opens the journal says what is wrong with it
  }
}

std::string url_from_environment() {
  const std::string text = tracking::environment_text("MLFLOW_TRACKING_URI");
  if (text.empty()) return "";
  try {
    const tracking::Address address = tracking::parse_address(text, "MLFLOW_TRACKING_URI");
    tracking::put_in_environment(address);
    return address.url;
  } catch (const ConfigError& error) {
    warn(fmt::format("{}; not tracked", error.what()));
    return "";
  }
}

std::string user_name() {
  if (const std::string name = tracking::environment_text("LOGNAME"); !name.empty()) return name;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

}  // namespace

tracking::Target track_target(const settings::Settings& settings, const fs::path& folder,
                              const fs::path& parent_folder) {
  if (settings.track == "off") return {};
  tracking::Target target{settings.track, settings.experiment, "", ""};
  for (const tracking::Target& known : {target_in(folder), target_in(parent_folder)}) {
    if (target.url.empty()) target.url = known.url;
    if (target.workspace.empty()) target.workspace = known.workspace;
    if (target.experiment.empty() && target.experiment_id.empty()) {
      target.experiment = known.experiment;
      target.experiment_id = known.experiment_id;
    }
  }
  if (target.url.empty()) target.url = url_from_environment();
  if (target.url.empty()) return {};
  if (target.experiment.empty() && target.experiment_id.empty()) {
    target.experiment = tracking::environment_text("MLFLOW_EXPERIMENT_NAME");
    target.experiment_id = tracking::environment_text("MLFLOW_EXPERIMENT_ID");
  }
  if (target.experiment.empty() && target.experiment_id.empty()) target.experiment = kDefaultExperiment;
  if (target.workspace.empty()) target.workspace = tracking::environment_text("MLFLOW_WORKSPACE");
  return target;
}

namespace {

tracking::Identity new_identity(const std::string& name, bool has_parent) {
  tracking::Identity identity{tracking::new_uid(), name, "", unix_ms()};
  // A cell that inherits its sweep's environment is a run of its own.
  if (!has_parent) identity.run_id = tracking::environment_text("MLFLOW_RUN_ID");
  return identity;
}

// The uid of the thing in `parent.folder`, "" when it is not tracked. Several cells may come at once: the
// journal's lock lets one of them begin it, and the others wait a moment for its first record.
std::string parent_uid(const TrackParent& parent, const tracking::Target& target) {
  constexpr int kTries = 100;
  constexpr auto kTick = std::chrono::milliseconds(20);
  for (int i = 0; i < kTries && !parent.folder.empty(); ++i) {
    if (const auto records = records_of(parent.folder); !records.empty())
      return tracking::identity_of(records.front().event).uid;
    if (!parent.begin) return "";
    try {
      tracking::JournalWriter journal(parent.folder / tracking::kJournalName);
      if (journal.before().empty())
        journal.append({tracking::begin_record(new_identity(parent.folder.filename().string(), false)),
                        tracking::server_record(target)});
    } catch (const tracking::JournalBusy&) {
      std::this_thread::sleep_for(kTick);
    }
  }
  return "";
}

}  // namespace

std::unique_ptr<Tracked> Tracked::open(const fs::path& folder, const std::string& name,
                                       const settings::Settings& settings, const TrackParent& parent) {
  try {
    const tracking::Target target = track_target(settings, folder, parent.folder);
    if (target.url.empty()) return nullptr;
    std::unique_ptr<Tracked> tracked(new Tracked(folder));
    tracked->begin(name, target, parent);
    return tracked;
  } catch (const std::exception& error) {
    warn(fmt::format("{}; the run continues without it", error.what()));
    return nullptr;
  }
}

void Tracked::begin(const std::string& name, const tracking::Target& target, const TrackParent& parent) {
  tracking::Credentials credentials = tracking::read_credentials(tracking::credentials_file());
  tracking::client_options();  // a number that is none is said now
  journal_ = std::make_unique<tracking::JournalWriter>(folder_ / tracking::kJournalName);
  std::vector<tracking::Json> events;
  std::string ignored = tracking::ignored_variables_text();
  if (before().empty()) {
    const std::string uid = parent_uid(parent, target);
    tracking::Identity identity = new_identity(name, !uid.empty());
    identity.parent = uid;
    events.push_back(tracking::begin_record(identity));
    if (!uid.empty()) ignored.clear();  // the sweep has said it
  } else {
    events.push_back(tracking::status_record("RUNNING", unix_ms()));
    const std::string adopted = tracking::identity_of(before().front().event).run_id;
    const std::string wanted = tracking::environment_text("MLFLOW_RUN_ID");
    if (!wanted.empty() && wanted != adopted && parent.folder.empty())
      warn("MLFLOW_RUN_ID: ignored, this run has one of its own already");
  }
  if (!ignored.empty()) warn(ignored);
  if (last_target(before()) != target) events.push_back(tracking::server_record(target));
  journal_->append(events);
  sender_ = std::make_unique<tracking::Sender>(
      folder_, *journal_, std::move(credentials), [this](const std::string& problem) {
        warn(fmt::format("{}; the run continues, and `study sync {}` sends it later", problem,
                         folder_.string()));
      });
}

void Tracked::stop(const std::string& why) noexcept {
  stopped_ = true;
  warn(why + "; from here on this run is not tracked");
}

void Tracked::add(const std::vector<tracking::Json>& events) noexcept {
  if (stopped_) return;
  try {
    journal_->append(events);
    sender_->wake();
  } catch (const std::exception& error) {
    stop(error.what());
  }
}

bool Tracked::has_file(const std::string& name) const noexcept {
  std::error_code ignored;
  return fs::exists(folder_ / name, ignored);
}

void Tracked::pause() noexcept {
  try {
    sender_->pause();
  } catch (const std::exception&) {
    return;
  }
}

void Tracked::resume() noexcept {
  try {
    sender_->resume();
  } catch (const std::exception&) {
    return;
  }
}

void Tracked::finish(bool brief) noexcept {
  try {
    const tracking::Outcome outcome = sender_->finish(brief ? kBriefWait_s : kEndWaits_s, kEndWaitsInVain_s);
    fmt::print("{}", outcome_text(outcome, folder_));
    if (stopped_)
      fmt::print("tracking: the journal ends before the run did; the run's own files are complete\n");
  } catch (const std::exception& error) {
    warn(error.what());
  }
}

namespace {

// "best.h5, last.h5: why", for each reason.
std::vector<std::string> by_reason(const std::map<std::string, std::string>& names) {
  std::map<std::string, std::string> reasons;
  for (const auto& [name, why] : names) {
    std::string& list = reasons[why];
    list += (list.empty() ? "" : ", ") + name;
  }
  std::vector<std::string> lines;
  for (const auto& [why, list] : reasons) lines.push_back(list + ": " + why);
  return lines;
}

}  // namespace

std::string outcome_text(const tracking::Outcome& outcome, const fs::path& folder, const std::string& head) {
  const tracking::DeliveryState& s = outcome.state;
  const std::string& problem = outcome.problem;
  std::string text;
  if (s.complete() && problem.empty()) {
    text = fmt::format("{}: all {} records have arrived: {}\n", head, s.records, s.run_url);
  } else if (s.sent < s.records) {
    text = fmt::format("{}: {} of {} records have arrived ({}); the rest is kept: study sync {}\n", head,
                       s.sent, s.records, problem.empty() ? "more take longer" : problem, folder.string());
  } else if (!s.compared) {
    text = fmt::format(
        "{}: all {} records were sent, but the server did not say that it has them ({}); study sync "
        "{} asks again\n",
        head, s.records, problem.empty() ? "it takes longer" : problem, folder.string());
  } else {
    text = fmt::format("{}: all {} records were sent, and all but what follows has arrived: {}\n", head,
                       s.records, s.run_url);
  }
  for (const std::string& line : by_reason(s.aside))
    text += fmt::format("{}: not sent, study sync tries again: {}\n", head, line);
  for (const std::string& line : by_reason(s.refused)) text += fmt::format("{}: refused: {}\n", head, line);
  if (s.shortened > 0) text += fmt::format("{}: {} values were cut to MLflow's limits\n", head, s.shortened);
  return text;
}

tracking::Texts common_tags(const std::string& name, const std::string& phase) {
  return {{"mlflow.runName", name},
          {"mlflow.source.name", "study"},
          {"mlflow.source.type", "LOCAL"},
          {"mlflow.source.git.commit", kProgramCommit},
          {"mlflow.user", user_name()},
          {"project", "DownScaleXR"},
          {"phase", phase},
          {"device", "cpu"},
          {"compression", "none"},
          {"commit", kProgramCommit}};
}

}  // namespace dsx::run
