// `study data audit`: one pass over the images, then everything that can be said without training.
#include <fmt/format.h>

#include <optional>

#include "data/io/files.hpp"
#include "study/audit/audit.hpp"
#include "study/audit/audit_json.hpp"
#include "study/audit/audit_page.hpp"
#include "study/audit/audit_text.hpp"
#include "study/cli/exit_code.hpp"
#include "study/commands/data_options.hpp"
#include "study/commands/data_subcommands.hpp"
#include "study/settings/run_data.hpp"

namespace dsx::commands {
namespace po = boost::program_options;

const std::vector<std::string>& data_audit_keys() {
  static const std::vector<std::string> keys = [] {
    std::vector<std::string> all = data_keys();
    all.insert(all.end(), {"val_fraction", "test_fraction", "seed_split"});
    return all;
  }();
  return keys;
}

int data_audit(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "data", .keys = data_audit_keys(), .max_positional = 1};
  syntax.extra.add_options()("json", po::bool_switch(), "")("all", po::bool_switch(), "")(
      "html", po::value<std::string>(), "")("force", po::bool_switch(), "")(
      "jobs", po::value<int>()->default_value(0), "")(
      "radius", po::value<int>()->default_value(data::DuplicateOptions{}.radius), "")(
      "similarity", po::value<double>()->default_value(data::DuplicateOptions{}.similarity), "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  const std::string& source = only_source(line, "audit");
  if (line.extra.count("html"))
    refuse_existing(line.extra["html"].as<std::string>(), line.extra["force"].as<bool>());
  const data::DuplicateOptions options{line.extra["radius"].as<int>(), line.extra["similarity"].as<double>(),
                                       checked_jobs(line)};
  data::check(options);
  const std::unique_ptr<data::Dataset> dataset = open_with_bar(line.settings, source);
  std::optional<cli::ProgressBar> bar;
  const std::vector<data::Fingerprint> fingerprints = data::fingerprints_of(
      *dataset, options.jobs,
      progress_of(line.settings, bar, "reading images", "stopped while reading images"));
  const settings::Settings& s = line.settings;
  audit::Audit audit =
      audit::audit_of(*dataset, fingerprints, options,
                      {s.val_fraction, s.test_fraction, settings::seed_for(s, settings::SeedUse::split)});
  audit.split_seed = s.seed_split < 0 ? static_cast<std::int64_t>(s.seed) : s.seed_split;
  if (line.extra.count("html"))
    data::write_file_atomically(line.extra["html"].as<std::string>(), audit::audit_page(*dataset, audit));
  fmt::print("{}", line.extra["json"].as<bool>()
                       ? audit::audit_json(*dataset, audit)
                       : audit::audit_text(*dataset, audit, line.extra["all"].as<bool>() ? SIZE_MAX : 5));
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
