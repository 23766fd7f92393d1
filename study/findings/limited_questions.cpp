#include "study/findings/limited_questions.hpp"

#include <fmt/format.h>

namespace dsx::findings {

std::vector<Question> limited_questions() {
  struct Words {
    const char *key, *what;
  };
  constexpr Words kWords[] = {{"auc", "test AUC"},
                              {"gap", "gap in AUC from train to test"},
                              {"half/sensitivity", "sensitivity at probability .5"},
                              {"half/specificity", "specificity at probability .5"},
                              {"half/excess_positive", "excess of images called positive at probability .5"}};
  std::vector<Question> list;
  for (const Words& words : kWords) {
    Question question{fmt::format("change of {} with each doubling of the training images", words.what),
                      "limited",
                      words.key,
                      fmt::format("how {} changes with the number of training images", words.what),
                      fmt::format("gains more, or loses less, {} than", words.what),
                      fmt::format("gains less, or loses more, {} than", words.what),
                      "with each doubling of the training images"};
    question.by_noise = false;
    list.push_back(question);
  }
  return list;
}

}  // namespace dsx::findings
