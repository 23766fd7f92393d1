#include "study/findings/verdicts.hpp"

#include <fmt/core.h>

#include <cmath>

#include "kernels/base/counted.hpp"
#include "study/cli/text_table.hpp"
#include "study/statistics/holm.hpp"

namespace dsx::findings {

using analysis::operator+;  // of rows
namespace {

double null_of(const Question& question) {
  return question.comparing == Comparing::ratio ? 1 : question.null;
}

// Shown figures: magnitudes in the question's unit. A ratio below 1 is turned round by its caller.
class Shown {
 public:
  Shown(const Question& question, const statistics::Estimate& e)
      : question_(question),
        digits_(digits_that_tell(e, question.scale, null_of(question), question.digits)) {}
  std::string number(double value) const { return plain_number(question_.scale * value, digits_); }
  std::string amount(double value) const {
    return number(value) + (question_.unit.empty() ? "" : " " + question_.unit);
  }
  std::string interval(double low, double high) const {
    return fmt::format("({} to {})", number(low), number(high));
  }

 private:
  const Question& question_;
  int digits_;
};

std::string joined(const std::string& a, const std::string& b) { return b.empty() ? a : a + " " + b; }

// "by 4.1 points (1.0 to 7.3)", the sign taken away: the words say which way.
std::string size_text(const Question& question, const statistics::Estimate& e) {
  const Shown shown(question, e);
  if (question.comparing == Comparing::ratio) {
    const bool above = e.value >= 1;
    const double value = above ? e.value : 1 / e.value;
    const double low = above ? e.low : 1 / e.high, high = above ? e.high : 1 / e.low;
    return fmt::format("by a factor of {} {}", shown.number(value), shown.interval(low, high));
  }
  if (question.comparing == Comparing::with_null && question.null != 0)
    return fmt::format("{} {}", shown.amount(e.value), shown.interval(e.low, e.high));
  const bool above = e.value >= 0;
  return fmt::format("by {} {}", shown.amount(std::abs(e.value)),
                     shown.interval(above ? e.low : -e.high, above ? e.high : -e.low));
}

// The interval is of one comparison alone, the p of all: where they part, the sentence says why.
std::string uncorrected_text(const Question& question, const statistics::Estimate& e, std::size_t family) {
  const double null = null_of(question);
  if (!(e.low > null || e.high < null)) return "";
  return fmt::format(" (its own interval leaves out {:g}, but it is one of {})", null,
                     counted(family, "comparison"));
}

std::string undecided(const Question& question, const Answer& answer, double detectable, std::size_t family) {
  const statistics::Estimate& e = answer.found.estimate;
  const Shown shown(question, e);
  const std::string what = answer.b.empty()
                               ? fmt::format(fmt::runtime(question.open), answer.a)
                               : fmt::format("{} and {} apart in {}", answer.a, answer.b, question.noun);
  const std::string unseen =
      question.comparing == Comparing::ratio
          ? fmt::format("a factor below {} would not be seen", shown.number(detectable))
          : fmt::format("a difference below {} would not be seen", shown.amount(detectable));
  return fmt::format("these data cannot tell {}: {} {}, {} after correction{}; {}",
                     joined(what, question.where), shown.amount(e.value), shown.interval(e.low, e.high),
                     cli::p_text(answer.p_holm), uncorrected_text(question, e, family), unseen);
}

double detectable_of(const Question& question, const statistics::Estimate& estimate, double alpha) {
  const double smallest = statistics::minimum_detectable_difference(estimate, alpha);
  return question.comparing == Comparing::ratio ? std::exp(smallest) : smallest;  // se is the logarithm's
}

std::string comparison_of(const Question& question, const Answer& answer) {
  if (answer.b.empty()) return answer.a;
  return fmt::format("{} {} {}", answer.a, question.comparing == Comparing::ratio ? "/" : "-", answer.b);
}

// All comparisons of a question that have a record at this noise level.
std::vector<Answer> family_of(const analysis::Analysis& analysis, const Question& question,
                              const analysis::NoiseLevel& noise) {
  std::vector<Answer> answers;
  const auto add = [&](const std::string& a, const std::string& b) {
    if (const analysis::Record* record = analysis.records.find(question.topic, question.key, noise, a, b))
      answers.push_back({a, b, record->found, statistics::kNotEstimable});
  };
  if (question.comparing == Comparing::with_null)
    for (const std::string& variant : analysis.comparison.variants) add(variant, "");
  else
    for (const auto& [a, b] : analysis.comparison.pairs()) add(a, b);
  std::vector<double> p;
  for (const Answer& answer : answers) p.push_back(answer.found.estimate.p);
  const std::vector<double> adjusted = statistics::holm_adjusted(p);
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i].p_holm = adjusted[i];
  return answers;
}

// "with 20% wrong labels (symmetric)", "trained on 400 images"; "" where nothing was done to the training
// set.
std::string condition_words(const analysis::Comparison& comparison, const analysis::NoiseLevel& noise) {
  if (noise.rate > 0) return "with " + analysis::words_of(noise);
  return noise.train_images == comparison.base_images() ? "" : "trained on " + analysis::words_of(noise);
}

std::string not_learnt_words(const analysis::OverSeeds& found) {
  if (found.not_learnt == 0) return "";
  return fmt::format("; of {}, {} with a network that has not learnt: train longer first",
                     counted(found.of_seeds.size(), "seed"), found.not_learnt);
}

}  // namespace

std::string plain_number(double value, int digits) {
  const std::string text = fmt::format("{:.{}f}", value, digits);
  return text.find_first_not_of("-0.") == std::string::npos ? fmt::format("{:.{}f}", 0.0, digits) : text;
}

int digits_that_tell(const statistics::Estimate& e, double scale, double null, int digits) {
  constexpr int kMostMore = 3;
  const auto hidden = [&](double end, int shown) {
    return std::isfinite(end) && end != null &&
           plain_number(scale * end, shown) == plain_number(scale * null, shown);
  };
  for (int more = 0; more < kMostMore; ++more)
    if (!hidden(e.low, digits + more) && !hidden(e.high, digits + more)) return digits + more;
  return digits + kMostMore;
}

Verdict judge(const Question& question, const Answer& answer, std::size_t family, double alpha,
              const std::string& noise) {
  const statistics::Estimate& e = answer.found.estimate;
  const std::string before = noise.empty() ? "" : noise + ": ";
  const std::string pair = answer.b.empty() ? answer.a : fmt::format("{} and {}", answer.a, answer.b);
  if (answer.found.constant())
    return {"cannot tell",
            fmt::format(
                "{}these data cannot tell {} apart in {}: the figure was the same in every seed and resample",
                before, pair, joined(question.noun, question.where)),
            statistics::kNotEstimable};
  if (!e.estimable() || std::isnan(answer.p_holm))
    return {"not estimable",
            fmt::format("{}{} of {} is not estimable: {}", before, joined(question.noun, question.where),
                        pair, e.not_estimable.empty() ? "nothing was tested" : e.not_estimable),
            statistics::kNotEstimable};
  Verdict verdict;
  verdict.detectable = detectable_of(question, e, alpha / static_cast<double>(family));
  if (answer.p_holm > alpha) {
    verdict.word = "cannot tell";
    verdict.sentence = before + undecided(question, answer, verdict.detectable, family);
    return verdict;
  }
  const bool higher = e.value > null_of(question);
  verdict.word = higher ? "higher" : "lower";
  const std::string& predicate = higher ? question.higher : question.lower;
  const std::string clause = answer.b.empty() ? fmt::format("{} {}", answer.a, predicate)
                                              : fmt::format("{} {} {}", answer.a, predicate, answer.b);
  verdict.sentence = fmt::format("{}{} {}, {} after correction", before, joined(clause, question.where),
                                 size_text(question, e), cli::p_text(answer.p_holm));
  return verdict;
}

void add_verdicts(analysis::Analysis& analysis) {
  analysis::ResultTable table =
      analysis::make_table("verdicts", "answers, each family corrected by Holm",
                           {"question", "family", "comparison", "noise_kind", "noise", "train_images",
                            "value", "low", "high", "p", "p_holm", "detectable", "verdict", "sentence"});
  const double alpha = analysis.comparison.options.alpha;
  for (const Question& question : questions_of(analysis.comparison)) {
    const std::vector<analysis::NoiseLevel> levels =
        question.by_noise ? analysis.comparison.noises : std::vector<analysis::NoiseLevel>{question.noise};
    for (const analysis::NoiseLevel& noise : levels) {
      const std::vector<Answer> answers = family_of(analysis, question, noise);
      const std::string in_front = question.by_noise ? condition_words(analysis.comparison, noise) : "";
      const std::string family = in_front.empty() ? question.text : question.text + ", " + in_front;
      for (const Answer& answer : answers) {
        Verdict verdict = judge(question, answer, answers.size(), alpha, in_front);
        verdict.sentence += not_learnt_words(answer.found);
        const statistics::Estimate& e = answer.found.estimate;
        table.add(std::vector<analysis::ResultValue>{question.text, family, comparison_of(question, answer)} +
                  analysis::labels_of(noise) +
                  std::vector<analysis::ResultValue>{e.value, e.low, e.high, e.p, answer.p_holm,
                                                     verdict.detectable, verdict.word, verdict.sentence});
      }
    }
  }
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx::findings
