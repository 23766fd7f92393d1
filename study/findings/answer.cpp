#include "study/findings/answer.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "study/findings/verdicts.hpp"

namespace dsx::findings {
namespace {

constexpr const char* kAuc = "AUC on test";
constexpr const char* kSpecificity = "specificity on test at 95% sensitivity on val";
constexpr const char* kCalled = "images called positive, same weights";
constexpr const char* kLatency = "latency, batch 32, spinning";

// One verdict, on a and b.
struct Judged {
  std::string a, b, word, sentence;
  double value, low, high, margin, needed_seeds;
  bool decided() const { return word == "higher" || word == "lower"; }
  bool about(const std::string& variant) const { return a == variant || b == variant; }
};

std::string field_of(const bench::Fields& fields, const std::string& wanted) {
  for (const auto& [name, value] : fields)
    if (name == wanted) return value;
  return "?";
}

// Clean labels, where cells were trained on them.
double least_noise(const analysis::ComparisonResults& results) {
  const analysis::ResultTable& table = results.table("verdicts");
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t r = 0; r < table.rows.size(); ++r) least = std::fmin(least, table.number(r, "noise"));
  return least;
}

// The largest training set of the comparison, as its column has it: "all", or a number of images.
std::string largest_size(const analysis::ResultTable& table) {
  std::string largest;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const std::string& size = table.text(r, "train_images");
    if (size == "all") return size;
    if (std::pair(size.size(), size) > std::pair(largest.size(), largest)) largest = size;
  }
  return largest;
}

// The verdicts of a question on clean labels, with the largest training set, pairs only.
std::vector<Judged> judged(const analysis::ComparisonResults& results, const std::string& question) {
  const analysis::ResultTable& table = results.table("verdicts");
  const double noise = least_noise(results);
  const std::string size = largest_size(table);
  std::vector<Judged> found;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    if (table.text(r, "question") != question || table.number(r, "noise") != noise) continue;
    if (const std::string& mine = table.text(r, "train_images"); !mine.empty() && mine != size) continue;
    const std::string& pair = table.text(r, "comparison");
    const std::size_t at = std::min(pair.find(" - "), pair.find(" / "));
    if (at == std::string::npos || !std::isfinite(table.number(r, "value"))) continue;
    found.push_back({pair.substr(0, at), pair.substr(at + 3), table.text(r, "verdict"),
                     table.text(r, "sentence"), table.number(r, "value"), table.number(r, "low"),
                     table.number(r, "high"), table.number(r, "margin"), table.number(r, "needed_seeds")});
  }
  return found;
}

std::string points(double share, int digits = 1) { return plain_number(100 * share, digits); }

std::string points_with_unit(double share, int digits = 1) {
  const std::string text = points(share, digits);
  return text + (text == "1" || text == "1.0" ? " point" : " points");
}

// "2.1 points (1.0 to 3.2)": the size, whichever way.
std::string size_of(const Judged& j) {
  const bool above = j.value >= 0;
  return fmt::format("{} ({} to {})", points_with_unit(std::abs(j.value)), points(above ? j.low : -j.high),
                     points(above ? j.high : -j.low));
}

// "avgpool, maxpool and strided"
std::string listed(const std::vector<std::string>& names) {
  if (names.size() < 2) return names.empty() ? "" : names.front();
  return fmt::format("{} and {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

constexpr std::size_t kNamedPairs = 3;  // all there are of three operators; more are counted, not listed

// "no two of avgpool, maxpool and strided can be told apart"; of `open` pairs that are not `all` there are:
// "maxpool and avgpool, and strided and avgpool, cannot be told apart"
std::string not_told_apart(const std::vector<Judged>& open, bool all) {
  std::vector<std::string> names, pairs;
  for (const Judged& j : open) {
    pairs.push_back(j.a + " and " + j.b);
    for (const std::string& name : {j.b, j.a})
      if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  if (all && open.size() > 1) return fmt::format("no two of {} can be told apart", listed(names));
  if (pairs.size() > kNamedPairs) return fmt::format("{} pairs cannot be told apart", pairs.size());
  return fmt::format("{}{} cannot be told apart", fmt::join(pairs, ", and "), pairs.size() > 1 ? "," : "");
}

std::vector<Judged> with_word(const std::vector<Judged>& list, std::initializer_list<const char*> words) {
  std::vector<Judged> found;
  for (const Judged& j : list)
    if (std::find(words.begin(), words.end(), j.word) != words.end()) found.push_back(j);
  return found;
}

// "about 9 seeds would decide the others": the largest number that is known.
std::string needed_text(const std::vector<Judged>& open) {
  double most = 0;
  for (const Judged& j : open) {
    if (!std::isfinite(j.needed_seeds)) return "";
    most = std::max(most, j.needed_seeds);
  }
  return most > 0 ? fmt::format("; about {:.0f} seeds would decide{}", most, open.size() > 1 ? " all" : "")
                  : "";
}

// Those that differ: each by its size, or how many of `all` pairs and the largest.
std::vector<std::string> differences(std::vector<Judged> differ, std::size_t all, const std::string& noun) {
  const auto sentence = [&](const Judged& j) {
    return fmt::format("{} is {} than {} in {}, by {}", j.a, j.value > 0 ? "higher" : "lower", j.b, noun,
                       size_of(j));
  };
  std::vector<std::string> parts;
  if (differ.size() > kNamedPairs) {
    std::sort(differ.begin(), differ.end(),
              [](const Judged& x, const Judged& y) { return std::abs(x.value) > std::abs(y.value); });
    return {fmt::format("{} of {} pairs of operators differ, most of all: {}", differ.size(), all,
                        sentence(differ.front()))};
  }
  for (const Judged& j : differ) parts.push_back(sentence(j));
  return parts;
}

// Those within the margin, alike.
std::vector<std::string> equivalences(const std::vector<Judged>& same, std::size_t all,
                                      const std::string& in_noun) {
  std::vector<std::string> parts;
  if (same.size() > kNamedPairs)
    return {fmt::format("{} of {} pairs of operators are the same to within {}{}", same.size(), all,
                        points_with_unit(same.front().margin, 0), in_noun)};
  for (const Judged& j : same)
    parts.push_back(&j == &same.front() ? fmt::format("{} and {} are the same to within {}{}", j.a, j.b,
                                                      points_with_unit(j.margin, 0), in_noun)
                                        : fmt::format("so are {} and {}", j.a, j.b));
  return parts;
}

// What is known of all pairs in `noun`: which differ, otherwise how far apart they can be. `none`: "no
// operator is better in AUC than another".
std::string apart(const std::vector<Judged>& list, const std::string& noun, const std::string& none) {
  const std::vector<Judged> differ = with_word(list, {"higher", "lower"});
  const std::vector<Judged> same = with_word(list, {"equivalent"}),
                            open = with_word(list, {"undecided", "no worse", "cannot tell"});
  if (same.size() == list.size())
    return fmt::format("{} by more than {}", none, points_with_unit(same.front().margin, 0));
  std::vector<std::string> parts = differences(differ, list.size(), noun);
  for (std::string& part : equivalences(same, list.size(), differ.empty() ? " in " + noun : ""))
    parts.push_back(std::move(part));
  if (!open.empty()) {
    double most = 0;
    for (const Judged& j : open) most = std::max({most, std::abs(j.low), std::abs(j.high)});
    parts.push_back(fmt::format(
        "{}{} (a difference of up to {} is possible{})", not_told_apart(open, open.size() == list.size()),
        differ.empty() && same.empty() ? " in " + noun : "", points_with_unit(most), needed_text(open)));
  }
  return fmt::format("{}", fmt::join(parts, "; "));
}

// The part of a difference between a and b in images called positive at .5, of the table `swap_parts`.
std::optional<Judged> part_of(const analysis::ComparisonResults& results, const Judged& pair,
                              const std::string& part) {
  const analysis::ResultTable& table = results.table("swap_parts");
  const double noise = least_noise(results);
  const std::string size = largest_size(table);
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (table.text(r, "train_images") == size && table.text(r, "variant_a") == pair.a &&
        table.text(r, "variant_b") == pair.b && table.text(r, "part") == part &&
        table.text(r, "rule") == "half" && table.text(r, "metric") == "predicted_positive_rate" &&
        table.number(r, "noise") == noise && std::isfinite(table.number(r, "value")))
      return Judged{pair.a,
                    pair.b,
                    "",
                    "",
                    table.number(r, "value"),
                    table.number(r, "low"),
                    table.number(r, "high"),
                    statistics::kNotEstimable,
                    statistics::kNotEstimable};
  return std::nullopt;
}

// "; training takes 3.0 points of that back: as trained, it calls 1.0 points (-2.0 to 4.0) more".
std::string after_training(const analysis::ComparisonResults& results, const Judged& pair) {
  const auto training = part_of(results, pair, "training"), all = part_of(results, pair, "difference");
  if (!training || !all) return "";
  const double sign = pair.value >= 0 ? 1 : -1;
  const bool back = sign * training->value < 0, over = sign * all->value < 0;
  const std::string moved = points_with_unit(std::abs(training->value));
  return fmt::format("; training {}: as trained, it calls {} {}",
                     over   ? "more than takes that back"
                     : back ? "takes " + moved + " of that back"
                            : "adds " + moved,
                     size_of(*all), all->value > 0 ? "more" : "fewer");
}

std::string bias_sentence(const analysis::ComparisonResults& results) {
  std::vector<Judged> called = judged(results, kCalled);
  if (called.empty()) {
    const std::vector<Judged> specificity = judged(results, kSpecificity);
    if (specificity.empty()) return "";
    return fmt::format("At the threshold for 95% sensitivity on val, {}.",
                       apart(specificity, "specificity", "no operator is more specific than another"));
  }
  std::sort(called.begin(), called.end(),
            [](const Judged& a, const Judged& b) { return std::abs(a.value) > std::abs(b.value); });
  const auto shown = std::find_if(called.begin(), called.end(), [](const Judged& j) { return j.decided(); });
  if (shown == called.end())
    return fmt::format("Run with the same weights, {}.",
                       apart(called, "the share of images called positive at probability .5",
                             "no operator calls more images positive at probability .5 than another"));
  return fmt::format("Run with the same weights, {} calls {} {} images positive than {} at probability .5{}.",
                     shown->a, size_of(*shown), shown->value > 0 ? "more" : "fewer", shown->b,
                     after_training(results, *shown));
}

struct Learning {
  std::size_t cells = 0, not_learnt = 0;
  bool none() const { return cells > 0 && not_learnt == cells; }
};

Learning learning_of(const analysis::ComparisonResults& results) {
  const analysis::ResultTable& cells = results.table("cells");
  const double noise = least_noise(results);
  const std::string size = largest_size(results.table("verdicts"));
  Learning learning;
  for (std::size_t r = 0; r < cells.rows.size(); ++r) {
    if (cells.number(r, "noise") != noise || cells.text(r, "train_images") != size) continue;
    ++learning.cells;
    learning.not_learnt += cells.number(r, "learnt") == 0;
  }
  return learning;
}

struct VariantTime {
  std::string variant;
  double ms;
  bool busy;  // others used the CPUs meanwhile
};

// Batch of 32, spinning, nothing beside; the fastest first.
std::vector<VariantTime> variants_by_time(const analysis::ComparisonResults& results) {
  const analysis::ResultTable& table = results.table("latency");
  std::vector<VariantTime> found;
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (table.number(r, "batch") == 32 && table.text(r, "wait") == "active" &&
        table.text(r, "load") == "none" && std::isfinite(table.number(r, "median_ms")))
      found.push_back({table.text(r, "variant"), table.number(r, "median_ms"), table.number(r, "busy") == 1});
  std::sort(found.begin(), found.end(),
            [](const VariantTime& a, const VariantTime& b) { return a.ms < b.ms; });
  return found;
}

// Why one would still not take it: what is decided against `variant`.
std::string against(const analysis::ComparisonResults& results, const std::string& variant,
                    const char* question, const std::string& noun) {
  for (const Judged& j : judged(results, question)) {
    const bool worse = j.decided() && ((j.a == variant && j.value < 0) || (j.b == variant && j.value > 0));
    if (worse)
      return fmt::format("its {} is lower than {}'s by {}", noun, j.a == variant ? j.b : j.a, size_of(j));
  }
  return "";
}

std::string advice(const analysis::ComparisonResults& results, const std::string& fastest) {
  if (const std::string why = against(results, fastest, kAuc, "test AUC"); !why.empty())
    return fmt::format("but {}: take it only where speed matters more than that", why);
  const std::string why =
      against(results, fastest, kSpecificity, "specificity at the threshold for 95% sensitivity on val");
  std::vector<Judged> open;
  for (const Judged& j : judged(results, kAuc))
    if (j.about(fastest) && (j.word == "undecided" || j.word == "cannot tell")) open.push_back(j);
  if (!open.empty())
    return fmt::format(
        "take {} for its speed if it must be decided now: that it is not worse in AUC is not shown{}{}",
        fastest, needed_text(open), why.empty() ? "" : ", and " + why);
  return fmt::format("take {}{}", fastest, why.empty() ? "" : ", unless false alarms matter most: " + why);
}

std::string cost_sentence(const analysis::ComparisonResults& results, const Learning& learning) {
  const std::vector<VariantTime> times = variants_by_time(results);
  if (times.size() < 2) return "Latency was not measured, so that no operator is advised for its cost.";
  if (std::any_of(times.begin(), times.end(), [](const VariantTime& time) { return time.busy; }))
    return "Other programs used the CPUs while latency was measured, so that no operator is advised for its "
           "cost: measure again on a quiet machine (study report DIR --latency-again).";
  const VariantTime &first = times.front(), &second = times[1];
  const std::string engine = field_of(results.settings, "engine") + " engine, ";
  for (const Judged& j : judged(results, kLatency)) {
    if (!(j.about(first.variant) && j.about(second.variant))) continue;
    if (!j.decided())
      return fmt::format("In time for a batch of 32 ({}{} and {} ms) {} and {} cannot be told apart.", engine,
                         plain_number(first.ms, 1), plain_number(second.ms, 1), first.variant,
                         second.variant);
    const bool turned = j.a == first.variant;  // the ratio is of times, a / b
    return fmt::format(
        "{} is the fastest: {} ms for a batch of 32 ({}{}), {} times ({} to {}) as fast as {}; {}.",
        first.variant, plain_number(first.ms, 1), engine,
        fmt::format("{} threads", field_of(results.environment, "threads")),
        plain_number(turned ? 1 / j.value : j.value, 2), plain_number(turned ? 1 / j.high : j.low, 2),
        plain_number(turned ? 1 / j.low : j.high, 2), second.variant,
        learning.none() ? "whether its accuracy is worth that is not known" : advice(results, first.variant));
  }
  return fmt::format(
      "{} is the fastest: {} ms for a batch of 32 ({}whether by more than chance was not tested).",
      first.variant, plain_number(first.ms, 1), engine);
}

// Said before the times: the next process may differ by more than their samples show.
std::string latency_spread_sentence(const analysis::ComparisonResults& results) {
  const analysis::ResultTable& warnings = results.table("latency_warnings");
  for (std::size_t r = 0; r < warnings.rows.size(); ++r)
    if (warnings.text(r, "part") != "memory") return warnings.text(r, "sentence");
  return "";
}

// Said first: where some have not learnt, what follows means little; where none has, nothing of it is said.
std::string learning_sentence(const Learning& learning) {
  if (learning.not_learnt == 0) return "";
  if (learning.none())
    return fmt::format(
        "{} learnt (training loss near chance), so that nothing can be said of the operators' accuracy and "
        "bias: train longer (--epochs), or raise --lr.",
        learning.cells == 1 ? "The network has not"
                            : fmt::format("None of the {} networks has", learning.cells));
  return fmt::format(
      "{} of {} networks {} not learnt (training loss near chance): train longer (--epochs) before reading "
      "anything into the figures marked with !.",
      learning.not_learnt, learning.cells, learning.not_learnt == 1 ? "has" : "have");
}

}  // namespace

analysis::ResultTable answer_of(const analysis::ComparisonResults& results) {
  analysis::ResultTable table = analysis::make_table("answer", "the answer in short", {"part", "sentence"});
  const auto add = [&](const char* part, const std::string& sentence) {
    if (!sentence.empty()) table.add({std::string(part), sentence});
  };
  const std::vector<Judged> auc = judged(results, kAuc);
  if (auc.empty()) return table;
  const Learning learning = learning_of(results);
  add("learning", learning_sentence(learning));
  if (!learning.none()) {
    add("accuracy", fmt::format("On these data {}.",
                                apart(auc, "test AUC", "no operator is better in test AUC than another")));
    add("bias", bias_sentence(results));
  }
  add("spread", latency_spread_sentence(results));
  add("cost", cost_sentence(results, learning));
  return table;
}

}  // namespace dsx::findings
