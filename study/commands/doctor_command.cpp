// `study doctor`: one page on what works here, why the rest does not, and the command that mends it. The
// first thing to paste into a report of a fault, so it names neither the host nor its user.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "bench/measure/environment.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/interrupt.hpp"
#include "study/commands/commands.hpp"
#include "study/commands/help.hpp"
#include "study/doctor/check.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::commands {
namespace {

namespace po = boost::program_options;

const std::vector<std::string> kDoctorKeys{"track", "cache_dir"};
constexpr const char* kDoctorHelp =
    R"(study doctor: what works on this machine, why the rest does not, and what mends it

Usage:
  study doctor [--json] [--track URI] [--out DIR]

Takes some seconds, changes nothing, and names no host and no user: paste it into a bug report. What it looks at:
)";
constexpr const char* kDoctorFlags = R"(
  --json                      the same as JSON
  --out DIR                   where runs would be written [results]
)";
constexpr const char* kDoctorEnd = R"(
Exit code: 0 when nothing is missing (what is limited works), else 5.
)";

std::string checks_help() {
  std::string text;
  for (const doctor::Check& check : doctor::check_table())
    text += fmt::format("  {:<12} {}\n", check.name, check.about);
  return text;
}

// "/home/me/x" as "~/x": no user's name.
std::string without_home(std::string text) {
  const char* home = std::getenv("HOME");
  if (home == nullptr || std::string(home).size() < 2) return text;
  const std::string prefix = std::string(home) + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at))
    text.replace(at, prefix.size(), "~/");
  return text;
}

struct Row {
  const doctor::Check* check;
  doctor::Finding finding;
};

void print_row(const Row& row) {
  fmt::print("{:<8} {:<11} {}\n", to_string(row.finding.status), row.check->name, row.finding.what);
  if (!row.finding.mend.empty()) fmt::print("{:<8} {:<11} -> {}\n", "", "", row.finding.mend);
  std::fflush(stdout);
}

void print_json(const std::vector<Row>& rows) {
  nlohmann::ordered_json checks = nlohmann::ordered_json::array();
  for (const Row& row : rows)
    checks.push_back({{"name", row.check->name},
                      {"status", to_string(row.finding.status)},
                      {"what", row.finding.what},
                      {"mend", row.finding.mend}});
  const nlohmann::ordered_json page{{"version", version_line()}, {"checks", checks}};
  fmt::print("{}\n", json_text(page, 2));
}

std::size_t count(const std::vector<Row>& rows, doctor::Status status) {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const Row& row) { return row.finding.status == status; }));
}

}  // namespace

int doctor_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{"doctor", kDoctorKeys};
  syntax.extra.add_options()("json", po::bool_switch())("out",
                                                        po::value<std::string>()->default_value("results"));
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}{}{}{}", kDoctorHelp, checks_help(), kDoctorFlags, settings::settings_help(kDoctorKeys),
               kDoctorEnd);
    return static_cast<int>(cli::ExitCode::ok);
  }
  const bool as_json = line.extra["json"].as<bool>();
  const doctor::Question question{line.settings.track, line.extra["out"].as<std::string>(),
                                  line.settings.cache_dir};
  if (!as_json) fmt::print("{}\n\n", version_line());
  std::vector<Row> rows;
  for (const doctor::Check& check : doctor::check_table()) {
    Row row{&check, check.look(question)};
    row.finding.what = without_home(bench::without_user_info(row.finding.what));
    row.finding.mend = without_home(row.finding.mend);
    if (!as_json) print_row(row);
    rows.push_back(std::move(row));
    cli::check_interrupt("stopped");
  }
  const std::size_t broken = count(rows, doctor::Status::broken),
                    limited = count(rows, doctor::Status::limited);
  if (as_json)
    print_json(rows);
  else
    fmt::print("\n{} of {}: {} limited, {} missing\n", rows.size() - broken - limited,
               counted(rows.size(), "check") + " ok", limited, broken);
  return static_cast<int>(broken == 0 ? cli::ExitCode::ok : cli::ExitCode::unsupported);
}

}  // namespace dsx::commands
