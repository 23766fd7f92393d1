#include "study/findings/verdicts.hpp"

#include <fmt/core.h>

#include <cmath>

#include "kernels/base/counted.hpp"
#include "study/cli/text_table.hpp"
#include "study/statistics/equivalence.hpp"
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

// "a difference below 6.5 points would be missed more than once in five times".
std::string missed_text(const Question& question, const Shown& shown, double detectable) {
  if (question.comparing == Comparing::ratio)
    return fmt::format("a factor below {} would be missed more than once in five times",
                       shown.number(detectable));
  if (question.unit == "points" && question.scale * detectable >= 100)
    return "any difference would be missed more than once in five times";
  return fmt::format("a difference below {} would be missed more than once in five times",
                     shown.amount(detectable));
}

std::string undecided(const Question& question, const Answer& answer, const Verdict& verdict,
                      std::size_t family) {
  const statistics::Estimate& e = answer.found.estimate;
  const Shown shown(question, e);
  const std::string what = answer.b.empty()
                               ? fmt::format(fmt::runtime(question.open), answer.a)
                               : fmt::format("{} and {} apart in {}", answer.a, answer.b, question.noun);
  return fmt::format("these data cannot tell {}: {} {}, {} after correction{}; {}{}",
                     joined(what, question.where), shown.amount(e.value), shown.interval(e.low, e.high),
                     cli::p_text(answer.p_holm), uncorrected_text(question, e, family),
                     missed_text(question, shown, verdict.detectable),
                     verdict.needs.text.empty() ? "" : "; " + verdict.needs.text);
}

std::string margin_text(const Question& question) {
  const double margin = question.scale * question.margin;
  return joined(fmt::format("{:g}", margin),
                question.unit == "points" && margin == 1 ? "point" : question.unit);
}

std::string equivalent(const Question& question, const Answer& answer) {
  const statistics::Estimate& e = answer.found.estimate;
  const Shown shown(question, e);
  const std::string where = question.where.empty() ? "" : " " + question.where;
  const std::string size =
      fmt::format("{} {}, margin {}, {} after correction", shown.amount(e.value),
                  shown.interval(e.low, e.high), margin_text(question), cli::p_text(answer.p_equivalent));
  if (answer.b.empty())
    return fmt::format("{} differs by less than the margin in {}{}: {}", answer.a, question.noun, where,
                       size);
  return fmt::format("{} and {} are equivalent in {}{}: {}", answer.a, answer.b, question.noun, where, size);
}

std::string no_worse(const Question& question, const Answer& answer) {
  const statistics::Estimate& e = answer.found.estimate;
  const Shown shown(question, e);
  const auto& [good, bad] =
      answer.a_is_no_worse ? std::pair(answer.a, answer.b) : std::pair(answer.b, answer.a);
  return fmt::format("{} is no worse than {} in {} by as much as {}: {} - {} is {} {}, {} after correction",
                     good, bad, joined(question.noun, question.where), margin_text(question), answer.a,
                     answer.b, shown.amount(e.value), shown.interval(e.low, e.high),
                     cli::p_text(answer.p_no_worse));
}

double detectable_of(const Question& question, const Answer& answer, double alpha) {
  const double smallest = statistics::minimum_detectable_difference(answer.found.estimate, alpha);
  if (question.comparing == Comparing::ratio) return std::exp(smallest);  // se is the logarithm's
  return std::min(smallest, answer.found.largest);
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
      answers.push_back(Answer{a, b, record->found});
  };
  if (question.comparing == Comparing::with_null)
    for (const std::string& variant : analysis.comparison.variants) add(variant, "");
  else
    for (const auto& [a, b] : analysis.comparison.pairs()) add(a, b);
  correct_family(question, answers);
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

void correct_family(const Question& question, std::vector<Answer>& answers) {
  std::vector<double> different, equivalent, no_worse;  // no_worse: both directions of each
  for (const Answer& answer : answers) {
    const statistics::Estimate& e = answer.found.estimate;
    different.push_back(e.p);
    const bool has_margin = !std::isnan(question.margin) && question.comparing != Comparing::ratio;
    statistics::Estimate difference = e, other = e;
    difference.value = e.value - (question.comparing == Comparing::with_null ? question.null : 0);
    other.value = -difference.value;
    equivalent.push_back(has_margin ? statistics::equivalence_p(difference, question.margin)
                                    : statistics::kNotEstimable);
    for (const auto* direction : {&difference, &other})
      no_worse.push_back(has_margin && question.better != 0 && !answer.b.empty()
                             ? statistics::not_worse_p(*direction, question.margin)
                             : statistics::kNotEstimable);
  }
  different = statistics::holm_adjusted(different);
  equivalent = statistics::holm_adjusted(equivalent);
  no_worse = statistics::holm_adjusted(no_worse);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    answers[i].p_holm = different[i];
    answers[i].p_equivalent = equivalent[i];
    // Above -margin: a is no worse where more is better, b where less is.
    const bool above = no_worse[2 * i] <= no_worse[2 * i + 1];
    answers[i].p_no_worse = std::fmin(no_worse[2 * i], no_worse[2 * i + 1]);
    answers[i].a_is_no_worse = above == (question.better > 0);
  }
}

Verdict judge(const Question& question, const Answer& answer, const Family& family) {
  const statistics::Estimate& e = answer.found.estimate;
  const std::string before = family.noise.empty() ? "" : family.noise + ": ";
  const std::string pair = answer.b.empty() ? answer.a : fmt::format("{} and {}", answer.a, answer.b);
  if (answer.found.constant())
    return {"undecided",
            fmt::format(
                "{}these data cannot tell {} apart in {}: the figure was the same in every seed and resample",
                before, pair, joined(question.noun, question.where)),
            statistics::kNotEstimable,
            {}};
  if (!e.estimable() || std::isnan(answer.p_holm))
    return {"not estimable",
            fmt::format("{}{} of {} is not estimable: {}", before, joined(question.noun, question.where),
                        pair, e.not_estimable.empty() ? "nothing was tested" : e.not_estimable),
            statistics::kNotEstimable,
            {}};
  Verdict verdict;
  verdict.detectable = detectable_of(question, answer, family.alpha_of_one());
  if (answer.p_holm <= family.alpha) {
    const bool higher = e.value > null_of(question);
    verdict.word = higher ? "higher" : "lower";
    const std::string& predicate = higher ? question.higher : question.lower;
    const std::string clause = answer.b.empty() ? fmt::format("{} {}", answer.a, predicate)
                                                : fmt::format("{} {} {}", answer.a, predicate, answer.b);
    verdict.sentence = fmt::format("{} {}, {} after correction", joined(clause, question.where),
                                   size_text(question, e), cli::p_text(answer.p_holm));
    if (answer.p_equivalent <= family.alpha)
      verdict.sentence += fmt::format(", and by less than the margin of {}", margin_text(question));
  } else if (answer.p_equivalent <= family.alpha) {
    verdict.word = "equivalent";
    verdict.sentence = equivalent(question, answer);
  } else if (answer.p_no_worse <= family.alpha) {
    verdict.word = "no worse";
    verdict.sentence = no_worse(question, answer);
  } else {
    verdict.word = "undecided";
    verdict.needs = needs_of(question, answer.found, family.alpha_of_one(), family.test);
    verdict.sentence = undecided(question, answer, verdict, family.size);
  }
  verdict.sentence = before + verdict.sentence;
  return verdict;
}

std::vector<std::string> open_main_questions(const analysis::Analysis& analysis) {
  std::vector<std::string> open;
  const analysis::Comparison& comparison = analysis.comparison;
  for (const Question& question : questions_of(comparison)) {
    if (!question.main) continue;
    const std::vector<Answer> answers = family_of(analysis, question, comparison.noises.front());
    for (const Answer& answer : answers) {
      const std::string word =
          judge(question, answer, {answers.size(), comparison.alpha_of_look(), "", {}}).word;
      if (word == "undecided" || word == "not estimable")
        open.push_back(question.text + ": " + comparison_of(question, answer));
    }
  }
  return open;
}

void add_verdicts(analysis::Analysis& analysis) {
  analysis::ResultTable table =
      analysis::make_table("verdicts", "answers, each family corrected by Holm",
                           {"question", "family", "comparison", "noise_kind", "noise", "train_images",
                            "value", "low", "high", "p", "p_holm", "margin", "p_equivalent", "p_no_worse",
                            "detectable", "needed_seeds", "needed_subjects", "verdict", "sentence"});
  const analysis::Comparison& comparison = analysis.comparison;
  for (const Question& question : questions_of(comparison)) {
    const std::vector<analysis::NoiseLevel> levels =
        question.by_noise ? comparison.noises : std::vector<analysis::NoiseLevel>{question.noise};
    for (const analysis::NoiseLevel& noise : levels) {
      const std::vector<Answer> answers = family_of(analysis, question, noise);
      const std::string in_front = question.by_noise ? condition_words(comparison, noise) : "";
      const std::string name = in_front.empty() ? question.text : question.text + ", " + in_front;
      const Family family{
          answers.size(),
          comparison.alpha_of_look(),
          in_front,
          {comparison.cells.front().of(data::Split::test).positive.size(), comparison.test_subjects()}};
      for (const Answer& answer : answers) {
        Verdict verdict = judge(question, answer, family);
        verdict.sentence += not_learnt_words(answer.found);
        const statistics::Estimate& e = answer.found.estimate;
        table.add(std::vector<analysis::ResultValue>{question.text, name, comparison_of(question, answer)} +
                  analysis::labels_of(noise) +
                  std::vector<analysis::ResultValue>{
                      e.value, e.low, e.high, e.p, answer.p_holm, question.margin, answer.p_equivalent,
                      answer.p_no_worse, verdict.detectable, verdict.needs.seeds, verdict.needs.more_subjects,
                      verdict.word, verdict.sentence});
      }
    }
  }
  analysis.results.tables.push_back(std::move(table));
}

}  // namespace dsx::findings
