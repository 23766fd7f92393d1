// `study swap`: the cells of a comparison, each run with every operator. The work is in study/swap and
// findings/finish.
#include <fmt/core.h>

#include <filesystem>

#include "bench/measure/environment.hpp"
#include "kernels/base/error.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/number_flags.hpp"
#include "study/commands/commands.hpp"
#include "study/findings/finish.hpp"
#include "study/settings/command_line.hpp"
#include "study/settings/threads.hpp"

namespace dsx::commands {
namespace {

const std::vector<std::string> kSwapKeys{"threads", "oversubscribe", "progress"};

constexpr const char* kSwapHelp =
    R"(study swap: what an operator does by itself. Runs each network of a comparison with every operator.

Usage: study swap DIR [FLAGS]

DIR is the folder of a `study compare`; its images must be where they were. All operators share all parameters, so
the best weights of each cell can be run with the others, on val and test: what then changes is the operator's doing,
and what is left of a difference between two variants is training's. Also run: the power mean over 2x2 with p = 4 and
8, between rmspool (p = 2) and maxpool (p = infinity). Trains nothing. A cell's logits are kept in its folder
(swap.h5), so that a stopped run resumes and a second one takes seconds. `study compare` and `study report`
do the same, unless --no-swap.

Statistics:
  --resamples N               of the bootstrap over seeds and patients [2000]

Files in DIR:
  swap.json, tables/swap*.csv   all figures with intervals and verdicts (docs/comparison_files.md)

)";

}  // namespace

int swap_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax;
  syntax.command = "swap";
  syntax.keys = kSwapKeys;
  syntax.max_positional = 1;
  syntax.extra.add_options()("resamples", boost::program_options::value<std::string>(), "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}{}", kSwapHelp, settings::settings_help(kSwapKeys));
    return static_cast<int>(cli::ExitCode::ok);
  }
  if (line.positional.empty())
    throw ConfigError("study swap needs the folder of a study compare: study swap results/compare/NAME");
  const std::filesystem::path folder = std::filesystem::absolute(line.positional[0]).lexically_normal();
  findings::FinishOptions options;
  options.command = bench::own_command_line();
  options.progress = line.settings.progress;
  options.resamples = cli::count_flag(line.extra, "resamples", options.resamples, 100, 1000000);
  options.threads = settings::apply_threads(line.settings).used;
  findings::finish_swap(folder, options);
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
