#include "study/findings/seeds_plan.hpp"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "data/io/files.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "study/statistics/needed.hpp"

namespace dsx::findings {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t kMostBytes = std::size_t{1} << 30;

// Spreads of paired differences in points, medians over the three pairs of results/study: the original's
// data, 5 seeds, 624 test images.
struct Typical {
  const char* figure;
  double seed_sd, image_sd, shared_sd;
  bool is_auc;
};
constexpr Typical kTypical[] = {{"AUC on test", 0.32, 0.28, 0.21, true},
                                {"specificity at 95% sensitivity on val", 1.5, 1.27, 0.63, false},
                                {"sensitivity at 95% sensitivity on val", 0.16, 0.55, 0.09, false}};
constexpr double kTypicalImages = 624, kAlpha = 0.05;

std::string line_before(const Typical& typical, const sweep::Sweep& sweep, std::size_t test_images) {
  const double scale = std::sqrt(kTypicalImages / static_cast<double>(test_images)) / 100;
  statistics::SeedSummary found;
  found.seeds = sweep.seeds.size();
  found.seed_sd = typical.seed_sd / 100;
  found.image_sd = typical.image_sd * scale;
  found.shared_image_sd = typical.shared_sd * scale;
  const auto seeds = static_cast<double>(found.seeds);
  const double se = statistics::expected_se(found, seeds, 1), shared = found.shared_image_sd / se;
  found.mean = statistics::t_interval(0, se, seeds - 1, 0.95, 0, 1 - shared * shared);
  const double margin = (typical.is_auc ? sweep.margin_auc : sweep.margin_rate) / 100;
  const double pairs = 0.5 * static_cast<double>(sweep.variants.size() * (sweep.variants.size() - 1));
  const double alpha =
      kAlpha / std::max(1.0, pairs) / static_cast<double>(std::max<std::size_t>(1, sweep.looks.size()));
  const statistics::Needed needed = statistics::needed_to_decide(found, margin, alpha);
  const std::string equal =
      std::isfinite(needed.seeds)
          ? fmt::format("two that are alike are called equivalent (margin {:g}) from about {:.0f} seeds on",
                        100 * margin, needed.seeds)
          : fmt::format(
                "two that are alike are never called equivalent (margin {:g}) with these {} test images: "
                "they "
                "leave {:.1f} points",
                100 * margin, test_images, 100 * needed.left);
  return fmt::format(
      "  {}: a difference below {:.1f} points would be missed more than once in five times; {}\n",
      typical.figure, 100 * std::min(1.0, statistics::minimum_detectable_difference(found.mean, alpha)),
      equal);
}

std::string before(const sweep::Sweep& sweep, std::size_t test_images) {
  std::string text = fmt::format(
      "\nWhat {} on {} can decide, if variants spread as on the original's chest X-rays (results/study):\n",
      counted(sweep.seeds.size(), "seed"), counted(test_images, "test image"));
  if (sweep.seeds.size() < 2) return text + "  nothing: one seed shows no spread over seeds\n";
  for (const Typical& typical : kTypical) text += line_before(typical, sweep, test_images);
  return text;
}

std::string after(const fs::path& file) {
  const nlohmann::json json = nlohmann::json::parse(data::read_file(file, kMostBytes), nullptr, false);
  const nlohmann::json::json_pointer place("/tables/verdicts");
  if (!json.is_object() || !json.contains(place))
    throw DataError(file.string() + ": holds no verdicts; `study report` on the folder writes it again");
  std::map<std::string, std::size_t> columns;
  for (const auto& column : json.at(place).at("columns"))
    columns.emplace(column.at("name").get<std::string>(), columns.size());
  std::string text;
  std::size_t open = 0;
  for (const auto& row : json.at(place).at("rows")) {
    if (row.at(columns.at("verdict")) != "undecided") continue;
    ++open;
    text += "  " + row.at(columns.at("sentence")).get<std::string>() + "\n";
  }
  return fmt::format("\nUndecided so far, and what would decide it, {} of {}:\n{}", open,
                     json.at(place).at("rows").size(), text);
}

}  // namespace

std::string seeds_plan_text(const fs::path& folder, const sweep::Sweep& sweep, std::size_t test_images) {
  std::error_code ignored;
  const fs::path file = folder / "compare.json";
  return fs::exists(file, ignored) ? after(file) : before(sweep, test_images);
}

}  // namespace dsx::findings
