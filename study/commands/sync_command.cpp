// `study sync DIR...`: sends what the journals of runs and sweeps hold and their servers lack, also of runs
// that were killed. Trains nothing and changes no result.
#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/commands/commands.hpp"
#include "study/run/run_tracking.hpp"
#include "study/settings/command_line.hpp"
#include "study/sweep/sweep_tracking.hpp"

namespace dsx::commands {
namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kSyncKeys{"track"};
constexpr const char* kSyncHelp =
    R"(study sync: send what tracked runs recorded and their MLflow server does not have yet.

Usage: study sync DIR... [--track URI] [--verify]

DIR is a run's folder, the folder of a study compare (its cells are sent with it), or a folder that holds runs. A run that
was killed is marked as KILLED on the server. What has arrived is not sent again; sending twice gives no duplicates. Before
it says that all has arrived, the server is asked for the run, its values and its files: each file that was sent is read
back once and compared.
MLFLOW_TRACKING_USERNAME, _PASSWORD and _TOKEN, ~/.mlflow/credentials and MLflow's TLS variables are used as MLflow does.

  --verify  read back all files, also those that were compared by an earlier sync

Exit code: 0 when everything has arrived, 4 when something has not, 3 when a journal is damaged.

)";

bool has_journal(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / tracking::kJournalName, ignored);
}

// Parents before their cells: a cell's run names its parent's.
void add_journals(const fs::path& folder, std::vector<fs::path>& found) {
  const auto add = [&](const fs::path& path) {
    if (has_journal(path) && std::find(found.begin(), found.end(), path) == found.end())
      found.push_back(path);
  };
  if (folder.parent_path().filename() == "cells") add(folder.parent_path().parent_path());
  add(folder);
  std::error_code ignored;
  std::vector<fs::path> below;
  for (const fs::path& place : {folder, folder / "cells"})
    for (fs::directory_iterator it(place, ignored), end; !ignored && it != end; it.increment(ignored))
      below.push_back(it->path());
  std::sort(below.begin(), below.end());
  for (const fs::path& path : below) add(path);
}

bool has_ended(const std::vector<tracking::Record>& records) {
  std::string status;
  for (const tracking::Record& record : records)
    if (record.event.value("type", "") == "status") status = record.event.value("status", "");
  return !status.empty() && status != "RUNNING";
}

std::int64_t last_time(const std::vector<tracking::Record>& records) {
  std::int64_t time = 0;
  for (const tracking::Record& record : records)
    time = std::max(time, record.event.value("time_ms", std::int64_t{0}));
  return time;
}

// As the run's own files say it; a killed run left "running" there.
std::string status_in_files(const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_regular_file(folder / "summary.json", ignored)) return "running";
  const tracking::Json json = tracking::Json::parse(data::read_file(folder / "summary.json"), nullptr, false);
  return json.is_object() && json.contains("status") && json["status"].is_string()
             ? json["status"].get<std::string>()
             : "running";
}

// A journal without an end whose writer is gone gets the end that the run could not write. False: the run is
// alive.
bool end_if_dead(const fs::path& folder) {
  try {
    tracking::JournalWriter journal(folder / tracking::kJournalName);
    if (journal.before().empty() || has_ended(journal.before())) return true;
    std::vector<tracking::Json> events = {
        tracking::status_record(run::mlflow_status(status_in_files(folder)), last_time(journal.before()))};
    std::error_code ignored;
    for (const auto* names : {&run::small_artifacts(), &run::large_artifacts(), &sweep::sweep_artifacts()})
      for (const std::string& name : *names)
        if (fs::exists(folder / name, ignored)) events.push_back(tracking::artifact_record(name));
    journal.append(events);
    journal.sync();
  } catch (const tracking::JournalBusy&) {
    return false;
  } catch (const OutputError& error) {  // a folder that may only be read is sent as it is
    fmt::print(stderr, "study: warning: {}\n", error.what());
  }
  return true;
}

cli::ExitCode sync_one(const fs::path& folder, const tracking::Credentials& credentials,
                       const tracking::DeliveryOptions& options) {
  if (!end_if_dead(folder)) {
    fmt::print("{}: the run is not over and sends by itself\n", folder.string());
    return cli::ExitCode::output;
  }
  tracking::Delivery delivery(folder, credentials, nullptr, options);
  const tracking::Outcome outcome =
      tracking::deliver(delivery, tracking::client_options().most_failures, cli::interrupt_requested);
  fmt::print("{}", run::outcome_text(outcome, folder, folder.filename().string()));
  std::fflush(stdout);
  cli::check_interrupt("stopped; what has arrived is not sent again");
  if (outcome.damaged) return cli::ExitCode::data;
  return outcome.state.complete() && outcome.problem.empty() ? cli::ExitCode::ok : cli::ExitCode::output;
}

}  // namespace

int sync_command(const std::vector<std::string>& args) {
  constexpr int kMostFolders = 10000;
  settings::CommandSyntax syntax;
  syntax.command = "sync";
  syntax.keys = kSyncKeys;
  syntax.max_positional = kMostFolders;
  syntax.extra.add_options()("verify", boost::program_options::bool_switch(), "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}", kSyncHelp, settings::settings_help(kSyncKeys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.positional.empty()) throw ConfigError("study sync needs a folder: study sync results/runs/NAME");
  if (line.settings.track == "off") throw ConfigError("--track: expected the address of a server, got 'off'");
  const tracking::Credentials credentials = tracking::read_credentials(tracking::credentials_file());
  tracking::client_options();  // a number that is none is said before anything is sent
  if (const std::string ignored = tracking::ignored_variables_text(); !ignored.empty())
    fmt::print(stderr, "study: warning: tracking: {}\n", ignored);
  tracking::DeliveryOptions options;
  options.server = line.settings.track;
  options.always_compare = true;
  options.read_back = line.extra["verify"].as<bool>() ? tracking::ReadBack::always : tracking::ReadBack::once;
  std::vector<fs::path> folders;
  for (const std::string& word : line.positional) {
    if (word.find("://") != std::string::npos)
      throw ConfigError("study sync needs folders; the address of a server goes behind --track");
    const fs::path folder = fs::absolute(word + "/.").lexically_normal().parent_path();
    const std::size_t before = folders.size();
    add_journals(folder, folders);
    if (folders.size() == before && !has_journal(folder))
      throw DataError(fmt::format("{}: holds no {}, so it is not a tracked run", folder.string(),
                                  tracking::kJournalName));
  }
  cli::ExitCode code = cli::ExitCode::ok;
  for (const fs::path& folder : folders) {
    cli::ExitCode one = cli::ExitCode::data;
    try {
      one = sync_one(folder, credentials, options);
    } catch (const DataError& error) {
      fmt::print(stderr, "study: {}\n", error.what());
    } catch (const OutputError& error) {
      fmt::print(stderr, "study: {}\n", error.what());
      one = cli::ExitCode::output;
    }
    if (code == cli::ExitCode::ok) code = one;
  }
  return static_cast<int>(code);
}

}  // namespace dsx::commands
