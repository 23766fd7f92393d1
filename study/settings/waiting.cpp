// The count is of libgomp's loop, some 25 to 50 ns a turn: twenty times the cost of a parallel region, and a
// hundredth of a scheduler's time slice.
#include "study/settings/waiting.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "bench/measure/environment.hpp"
#include "kernels/base/cpus.hpp"

namespace dsx::settings {
namespace {

constexpr const char* kSpinCount = "1000";

std::vector<std::string> own_words() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::vector<std::string> words;
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

}  // namespace

bool waits_briefly() { return std::getenv(bench::kBriefWaiting) != nullptr; }

void wait_briefly() {
  if (std::getenv("OMP_WAIT_POLICY") != nullptr || std::getenv("GOMP_SPINCOUNT") != nullptr) return;
  std::vector<std::string> words = own_words();
  if (words.empty()) return;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  ::setenv("GOMP_SPINCOUNT", kSpinCount, 1);
  ::setenv(bench::kBriefWaiting, "1", 1);
  std::fflush(nullptr);
  unbind_thread();
  ::execv("/proc/self/exe", argv.data());
  ::unsetenv("GOMP_SPINCOUNT");
  ::unsetenv(bench::kBriefWaiting);
}

}  // namespace dsx::settings
