// {dataset}_{split}_[AUC]0.946_[ACC]0.885@{run}.csv with lines "index,score": the names and the form of
// medmnist's Evaluator, whose parse_and_evaluate() reads them. Index is the image's place in its split, score
// the probability of the positive class, [ACC] the accuracy at probability .5. '_' parts the name, so a data
// set's own become '-'.
#include "study/exchange/medmnist_scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "data/io/files.hpp"
#include "data/io/h5.hpp"
#include "data/sources/dataset.hpp"
#include "kernels/base/error.hpp"
#include "study/run/run_folder.hpp"
#include "study/training/metrics.hpp"

namespace dsx::exchange {
namespace {

// "pneumoniamnist_224" keeps its last '_' (MedMNIST's size); "chest_xray" becomes "chest-xray".
std::string flag_of_data(const std::string& data) {
  std::string flag = run::data_word(data);
  const std::size_t last = flag.rfind('_');
  const bool size = last != std::string::npos && last + 1 < flag.size() &&
                    std::all_of(flag.begin() + static_cast<std::ptrdiff_t>(last) + 1, flag.end(),
                                [](unsigned char c) { return std::isdigit(c) != 0; });
  for (std::size_t i = 0; i < flag.size(); ++i)
    if (flag[i] == '_' && !(size && i == last)) flag[i] = '-';
  return flag;
}

}  // namespace

std::string write_medmnist(const run::OpenedRun& run, const std::filesystem::path& out) {
  if (run.checkpoint != "best")
    throw ConfigError("--checkpoint: a run keeps the predictions of its best one only");
  const data::h5::Reader in(run.folder / "run.h5");
  std::string written;
  for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test}) {
    const std::string group = "predictions/" + data::to_string(split) + "/";
    if (!in.has(group + "logit")) in.fail("holds no predictions: the run has not come to its end");
    const auto logits = in.numbers<float>(group + "logit"), labels = in.numbers<float>(group + "label");
    if (logits.size() != labels.size()) in.fail("damaged: predictions and labels differ in number");
    const training::Metrics metrics = training::compute_metrics(logits, labels);
    std::string lines;
    for (std::size_t i = 0; i < logits.size(); ++i)
      lines += fmt::format("{},{}\n", i, training::sigmoid(logits[i]));
    const std::string name =
        fmt::format("{}_{}_[AUC]{:.3f}_[ACC]{:.3f}@{}.csv", flag_of_data(run.settings.data),
                    data::to_string(split), metrics.auc, metrics.accuracy, run.name);
    data::write_file_atomically(out / name, lines);
    written += (written.empty() ? "" : ", ") + name;
  }
  return written + " ([ACC]: the share of images classified correctly at probability .5)";
}

}  // namespace dsx::exchange
