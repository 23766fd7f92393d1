// Nothing here throws into a run, but for an address that the user typed wrong.
#include "study/run/tracked.hpp"

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>

#include "downscalexr_version.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"

namespace dsx::run {
namespace {

namespace fs = std::filesystem;

// An upload of the checkpoints takes seconds; whoever has a slow line sends the rest with `study sync`.
constexpr double kEndWaits_s = 60, kEndWaitsInVain_s = 5, kBriefWait_s = 5;
constexpr const char* kDefaultExperiment = "DownScaleXR";

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

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

TrackTarget target_of(const std::vector<tracking::Record>& records) {
  TrackTarget target;
  for (const tracking::Record& record : records)
    if (record.event.value("type", "") == "server")
      target = {record.event.value("url", ""), record.event.value("experiment", "")};
  return target;
}

std::string url_from_environment() {
  const std::string text = from_environment("MLFLOW_TRACKING_URI");
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
  if (const std::string name = from_environment("LOGNAME"); !name.empty()) return name;
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? "" : entry->pw_name;
}

}  // namespace

TrackTarget track_target(const settings::Settings& settings, const fs::path& folder) {
  if (settings.track == "off") return {};
  TrackTarget before;
  try {
    before = target_of(records_of(folder));
  } catch (const std::exception&) {
    before = {};  // whoever opens the journal says what is wrong with it
  }
  TrackTarget target{settings.track, settings.experiment};
  if (target.url.empty()) target.url = before.url;
  if (target.url.empty()) target.url = url_from_environment();
  if (target.experiment.empty()) target.experiment = before.experiment;
  if (target.experiment.empty()) target.experiment = from_environment("MLFLOW_EXPERIMENT_NAME");
  if (target.experiment.empty()) target.experiment = kDefaultExperiment;
  return target;
}

std::unique_ptr<Tracked> Tracked::open(const fs::path& folder, const std::string& name,
                                       const settings::Settings& settings, const fs::path& parent_folder) {
  try {
    const TrackTarget target = track_target(settings, folder);
    if (target.url.empty()) return nullptr;
    std::unique_ptr<Tracked> tracked(new Tracked(folder));
    tracked->begin(name, target, parent_folder);
    return tracked;
  } catch (const std::exception& error) {
    warn(fmt::format("{}; the run continues without it", error.what()));
    return nullptr;
  }
}

void Tracked::begin(const std::string& name, const TrackTarget& target, const fs::path& parent_folder) {
  tracking::Credentials credentials = tracking::read_credentials(tracking::credentials_file());
  journal_ = std::make_unique<tracking::JournalWriter>(folder_ / tracking::kJournalName);
  std::vector<tracking::Json> events;
  if (before().empty()) {
    tracking::Identity identity{tracking::new_uid(), name, "", unix_ms()};
    if (const auto parent = records_of(parent_folder); !parent.empty())
      identity.parent = tracking::identity_of(parent.front().event).uid;
    events.push_back(tracking::begin_record(identity));
  } else {
    events.push_back(tracking::status_record("RUNNING", unix_ms()));
  }
  const TrackTarget last = target_of(before());
  if (last.url != target.url || last.experiment != target.experiment)
    events.push_back(tracking::server_record(target.url, target.experiment));
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

std::string outcome_text(const tracking::Outcome& outcome, const fs::path& folder, const std::string& head) {
  const tracking::DeliveryState& s = outcome.state;
  std::string text;
  if (s.sent == s.records && outcome.problem.empty()) {
    text = fmt::format("{}: all {} records have arrived: {}\n", head, s.records, s.run_url);
  } else {
    text = fmt::format("{}: {} of {} records have arrived ({}); the rest is kept: study sync {}\n", head,
                       s.sent, s.records, outcome.problem.empty() ? "more take longer" : outcome.problem,
                       folder.string());
  }
  std::string left;
  for (const std::string& path : s.left) left += (left.empty() ? "" : ", ") + path;
  if (!left.empty()) text += fmt::format("{}: not sent: {}: {}\n", head, left, s.refusal);
  if (s.refused > 0)
    text += fmt::format("{}: {} entries were refused, the first: {}\n", head, s.refused, s.refusal);
  if (s.shortened > 0) text += fmt::format("{}: {} values were cut to MLflow's limits\n", head, s.shortened);
  return text;
}

tracking::Texts common_tags(const std::string& name, const std::string& phase) {
  return {{"mlflow.runName", name},
          {"mlflow.source.name", "study"},
          {"mlflow.source.type", "LOCAL"},
          {"mlflow.source.git.commit", DOWNSCALEXR_COMMIT},
          {"mlflow.user", user_name()},
          {"project", "DownScaleXR"},
          {"phase", phase},
          {"device", "cpu"},
          {"compression", "none"},
          {"commit", DOWNSCALEXR_COMMIT}};
}

}  // namespace dsx::run
