#include "study/compare/verdicts.hpp"

#include <fmt/core.h>

#include <cmath>

#include "study/statistics/holm.hpp"

namespace dsx {
namespace {

// Shown figures: magnitudes in the question's unit. A ratio below 1 is turned round by its caller.
std::string number(const Question& question, double value) {
  return plain_number(question.scale * value, question.digits);
}
std::string amount(const Question& question, double value) {
  const std::string text = number(question, value);
  return question.unit.empty() ? text : text + " " + question.unit;
}

std::string joined(const std::string& a, const std::string& b) { return b.empty() ? a : a + " " + b; }

// "by 4.1 points (1.0 to 7.3)", the sign taken away: the words say which way.
std::string size_text(const Question& question, const Estimate& e) {
  if (question.comparing == Comparing::ratio) {
    const bool above = e.value >= 1;
    const double value = above ? e.value : 1 / e.value;
    const double low = above ? e.low : 1 / e.high, high = above ? e.high : 1 / e.low;
    return fmt::format("by a factor of {} ({} to {})", number(question, value), number(question, low),
                       number(question, high));
  }
  if (question.comparing == Comparing::with_null && question.null != 0)
    return fmt::format("{} ({} to {})", amount(question, e.value), number(question, e.low),
                       number(question, e.high));
  const bool above = e.value >= 0;
  return fmt::format("by {} ({} to {})", amount(question, std::abs(e.value)),
                     number(question, above ? e.low : -e.high), number(question, above ? e.high : -e.low));
}

std::string undecided(const Question& question, const Answer& answer, double detectable) {
  const Estimate& e = answer.found.estimate;
  const std::string what = answer.b.empty()
                               ? fmt::format(fmt::runtime(question.open), answer.a)
                               : fmt::format("{} and {} apart in {}", answer.a, answer.b, question.noun);
  const std::string found = fmt::format("{} ({} to {})", amount(question, e.value), number(question, e.low),
                                        number(question, e.high));
  const std::string unseen =
      question.comparing == Comparing::ratio
          ? fmt::format("a factor below {} would not be seen", number(question, detectable))
          : fmt::format("a difference below {} would not be seen", amount(question, detectable));
  return fmt::format("these data cannot tell {}: {}, {} after correction; {}", joined(what, question.where),
                     found, p_text(answer.p_holm), unseen);
}

double null_of(const Question& question) {
  return question.comparing == Comparing::ratio ? 1 : question.null;
}

double detectable_of(const Question& question, const Estimate& estimate, double alpha) {
  const double smallest = minimum_detectable_difference(estimate, alpha);
  return question.comparing == Comparing::ratio ? std::exp(smallest) : smallest;  // se is the logarithm's
}

std::string comparison_of(const Question& question, const Answer& answer) {
  if (answer.b.empty()) return answer.a;
  return fmt::format("{} {} {}", answer.a, question.comparing == Comparing::ratio ? "/" : "-", answer.b);
}

// All comparisons of a question that have a record at this noise level.
std::vector<Answer> family_of(const Analysis& analysis, const Question& question, const NoiseLevel& noise) {
  std::vector<Answer> answers;
  const auto add = [&](const std::string& a, const std::string& b) {
    if (const Record* record = analysis.records.find(question.topic, question.key, noise, a, b))
      answers.push_back({a, b, record->found, kNotEstimable});
  };
  if (question.comparing == Comparing::with_null)
    for (const std::string& variant : analysis.study.variants) add(variant, "");
  else
    for (const auto& [a, b] : analysis.study.pairs()) add(a, b);
  std::vector<double> p;
  for (const Answer& answer : answers) p.push_back(answer.found.estimate.p);
  const std::vector<double> adjusted = holm_adjusted(p);
  for (std::size_t i = 0; i < answers.size(); ++i) answers[i].p_holm = adjusted[i];
  return answers;
}

}  // namespace

std::string plain_number(double value, int digits) {
  const std::string text = fmt::format("{:.{}f}", value, digits);
  return text.find_first_not_of("-0.") == std::string::npos ? fmt::format("{:.{}f}", 0.0, digits) : text;
}

std::string p_text(double p) {
  if (std::isnan(p)) return "p unknown";
  if (p < 0.001) return "p < .001";
  if (p >= 0.995) return "p = 1";
  const std::string text = fmt::format("{:.{}f}", p, p < 0.0995 ? (p < 0.00995 ? 3 : 2) : 2);
  return "p = " + text.substr(1);
}

Verdict judge(const Question& question, const Answer& answer, std::size_t family, double alpha,
              const std::string& noise) {
  const Estimate& e = answer.found.estimate;
  const std::string before = noise.empty() ? "" : noise + ": ";
  const std::string pair = answer.b.empty() ? answer.a : fmt::format("{} and {}", answer.a, answer.b);
  if (answer.found.constant())
    return {"cannot tell",
            fmt::format(
                "{}these data cannot tell {} apart in {}: the figure was the same in every seed and resample",
                before, pair, joined(question.noun, question.where)),
            kNotEstimable};
  if (!e.estimable() || std::isnan(answer.p_holm))
    return {"not estimable",
            fmt::format("{}{} of {} is not estimable: {}", before, joined(question.noun, question.where),
                        pair, e.not_estimable.empty() ? "nothing was tested" : e.not_estimable),
            kNotEstimable};
  Verdict verdict;
  verdict.detectable = detectable_of(question, e, alpha / static_cast<double>(family));
  if (answer.p_holm > alpha) {
    verdict.word = "cannot tell";
    verdict.sentence = before + undecided(question, answer, verdict.detectable);
    return verdict;
  }
  const bool higher = e.value > null_of(question);
  verdict.word = higher ? "higher" : "lower";
  const std::string& predicate = higher ? question.higher : question.lower;
  const std::string clause = answer.b.empty() ? fmt::format("{} {}", answer.a, predicate)
                                              : fmt::format("{} {} {}", answer.a, predicate, answer.b);
  verdict.sentence = fmt::format("{}{} {}, {} after correction", before, joined(clause, question.where),
                                 size_text(question, e), p_text(answer.p_holm));
  return verdict;
}

void add_verdicts(Analysis& analysis) {
  ResultTable table = make_table("verdicts", "answers, each family corrected by Holm",
                                 {"question", "family", "comparison", "noise_kind", "noise", "value", "low",
                                  "high", "p", "p_holm", "detectable", "verdict", "sentence"});
  const double alpha = analysis.study.options.alpha;
  for (const Question& question : questions_of(analysis.study)) {
    const std::vector<NoiseLevel> levels =
        question.by_noise ? analysis.study.noises : std::vector<NoiseLevel>{question.noise};
    for (const NoiseLevel& noise : levels) {
      const std::vector<Answer> answers = family_of(analysis, question, noise);
      const std::string in_front = question.by_noise && noise.rate > 0 ? "with " + words_of(noise) : "";
      const std::string family = in_front.empty() ? question.text : question.text + ", " + in_front;
      for (const Answer& answer : answers) {
        const Verdict verdict = judge(question, answer, answers.size(), alpha, in_front);
        const Estimate& e = answer.found.estimate;
        table.add(std::vector<ResultValue>{question.text, family, comparison_of(question, answer)} +
                  labels_of(noise) +
                  std::vector<ResultValue>{e.value, e.low, e.high, e.p, answer.p_holm, verdict.detectable,
                                           verdict.word, verdict.sentence});
      }
    }
  }
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx
