// `study data audit`: one pass over the images, then everything that can be said without training.
#include <fmt/format.h>

#include <optional>

#include "data/files.hpp"
#include "study/audit.hpp"
#include "study/data_subcommands.hpp"
#include "study/exit_code.hpp"

namespace dsx {
namespace po = boost::program_options;

int data_audit(const std::vector<std::string>& args) {
  CommandSyntax syntax{.command = "data", .keys = data_keys(), .max_positional = 1};
  syntax.extra.add_options()("json", po::bool_switch(), "")("all", po::bool_switch(), "")(
      "html", po::value<std::string>(), "")("force", po::bool_switch(), "")(
      "jobs", po::value<int>()->default_value(0), "")(
      "radius", po::value<int>()->default_value(DuplicateOptions{}.radius), "")(
      "similarity", po::value<double>()->default_value(DuplicateOptions{}.similarity), "");
  const CommandLine line = parse_command_line(args, syntax);
  const std::string& source = only_source(line, "audit");
  if (line.extra.count("html"))
    refuse_existing(line.extra["html"].as<std::string>(), line.extra["force"].as<bool>());
  const DuplicateOptions options{line.extra["radius"].as<int>(), line.extra["similarity"].as<double>(),
                                 checked_jobs(line)};
  check(options);
  const std::unique_ptr<Dataset> dataset = open_with_bar(line.settings, source);
  std::optional<ProgressBar> bar;
  const std::vector<Fingerprint> fingerprints =
      fingerprints_of(*dataset, options.jobs,
                      progress_of(line.settings, bar, "reading images", "stopped while reading images"));
  const Audit audit = audit_of(*dataset, fingerprints, options);
  if (line.extra.count("html"))
    write_file_atomically(line.extra["html"].as<std::string>(), audit_page(*dataset, audit));
  fmt::print("{}", line.extra["json"].as<bool>()
                       ? audit_json(*dataset, audit)
                       : audit_text(*dataset, audit, line.extra["all"].as<bool>() ? SIZE_MAX : 5));
  return static_cast<int>(ExitCode::ok);
}

}  // namespace dsx
