// The table of commands and the dispatch over it.
#include "study/commands/command.hpp"

#include <fmt/core.h>

#include "kernels/base/error.hpp"
#include "study/cli/suggestion.hpp"
#include "study/commands/commands.hpp"

namespace dsx::commands {

const std::vector<Command>& command_table() {
  static const std::vector<Command> table = {
      {"train", "train, evaluate and time one network (the default: the word may be left out)", "[SETTINGS]",
       train_command},
      {"plan", "print what a network executes: implementations, layouts, MFLOP, MB",
       "[--train] [--json] [SETTINGS]", plan_command},
      {"compare", "train every variant over several seeds and noise levels, and compare them",
       "[--seeds 5] [SETTINGS]", compare_command},
      {"report", "statistics, verdicts and report.html of a sweep that has run", "DIR [FLAGS]",
       report_command},
      {"swap", "a sweep's networks run with every operator: what the operator does by itself", "DIR [FLAGS]",
       swap_command},
      {"mechanism", "what each operator does to a signal, and where the trained networks of a sweep look",
       "[DIR] [FLAGS]", mechanism_command},
      {"data", "import, show, audit or clean a data set, and find labels that are likely wrong",
       "COMMAND SOURCE [FLAGS]", data_command, false, data_parts},
      {"sync", "send what tracked runs recorded and their MLflow server lacks",
       "DIR... [--track URI] [--verify]", sync_command},
      {"list", "the runs in a folder as a table, filtered and sorted",
       "[DIR] [--where 'test_auc>.9'] [--sort COLUMN]", list_command},
      {"predict", "probability and decision of a run's network for images",
       "RUN IMAGE-or-DIR... [--csv|--json]", predict_command},
      {"export", "a run's network for ONNX Runtime, OpenVINO or PyTorch, or its predictions for MedMNIST",
       "RUN --format NAME [--out PATH]", export_command},
      {"import", "weights trained elsewhere, as a folder that predict, export and --latency-only take",
       "WEIGHTS.safetensors --out DIR [--variant NAME]", import_command},
      {"explain", "measure where the latency difference between variants comes from",
       "[--variants A,B] [FLAGS] | --compare A.json B.json", explain_command},
      {"doctor", "what works on this machine, why the rest does not, and what mends it",
       "[--json] [--track URI]", doctor_command},
      {"worker", "serve a network or operator to scripts/peers, which times it beside other libraries",
       "[FLAGS]", worker_command},
      {"latency-probe", "time networks for compare, under the OMP_WAIT_POLICY it was started with", "[FLAGS]",
       latency_probe_command, true},
      {"latency-load", "keep a CPU or the memory busy until told to stop", "compute|memory",
       latency_load_command, true},
  };
  return table;
}

int run_command(const std::vector<std::string>& args) {
  if (args.empty() || args[0].starts_with("-")) return train_command(args);
  std::vector<std::string> names;
  for (const Command& command : command_table()) {
    if (command.name == args[0]) return command.run({args.begin() + 1, args.end()});
    if (!command.hidden) names.push_back(command.name);
  }
  throw ConfigError(fmt::format("unknown command '{}'{} `study --help` lists all", args[0],
                                cli::did_you_mean(args[0], names)));
}

}  // namespace dsx::commands
