#include "study/findings/swap_questions.hpp"

#include <fmt/format.h>

namespace dsx::findings {
namespace {

struct SwapWords {
  const char *key, *noun, *higher, *lower, *where;
};
constexpr SwapWords kOperator[] = {
    {"/auc", "test AUC", "gives a higher test AUC than", "gives a lower test AUC than", ""},
    {"half/sensitivity", "sensitivity", "is more sensitive than", "is less sensitive than",
     "at probability .5"},
    {"half/specificity", "specificity", "is more specific than", "is less specific than",
     "at probability .5"},
    {"half/predicted_positive_rate", "the share of images called positive", "calls more images positive than",
     "calls fewer images positive than", "at probability .5"},
};

void add_part(std::vector<Question>& list, const std::string& part, const std::string& how,
              const std::string& shortly) {
  for (const SwapWords& words : kOperator) {
    const std::string where = *words.where == '\0' ? how : fmt::format("{} {}", words.where, how);
    // The page's first figure finds this one by its text.
    const bool called = std::string(words.key) == "half/predicted_positive_rate";
    const std::string text = called ? fmt::format("images called positive, {}", shortly)
                                    : fmt::format("{} on test {}", words.noun, where);
    list.push_back(
        {text, "swap_parts", part + "/" + words.key, words.noun, words.higher, words.lower, where});
  }
  Question logit{fmt::format("mean logit on test {}", how),
                 "swap_parts",
                 part + "//logit",
                 "the mean logit",
                 "raises the mean logit above that of",
                 "lowers the mean logit below that of",
                 how};
  logit.scale = 1;
  logit.unit = "";
  logit.digits = 2;
  list.push_back(logit);
}

}  // namespace

std::vector<Question> swap_questions() {
  std::vector<Question> list;
  add_part(list, "operator", "with the same weights", "same weights");
  add_part(list, "training", "by what training made of the weights", "what training made of them");
  Question dose{"images called positive by the dose from average to maximum, same weights",
                "swap_dose_slope",
                "half/predicted_positive_rate",
                "the change of images called positive from average to maximum",
                "calls more images positive the nearer its pooling comes to the maximum:",
                "calls fewer images positive the nearer its pooling comes to the maximum:",
                "with the same weights"};
  dose.comparing = Comparing::with_null;
  dose.open = "whether {} calls more images positive the nearer its pooling comes to the maximum";
  list.push_back(dose);
  return list;
}

}  // namespace dsx::findings
