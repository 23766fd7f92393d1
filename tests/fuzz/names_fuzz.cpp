// Names of files, one in a line as label, PatientID and path apart by tabs: whose they are, and what a class
// of such a name would be.
#include <sstream>

#include "data/sources/binary_classes.hpp"
#include "data/sources/name_words.hpp"
#include "data/sources/subjects.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace data;

void read(std::span<const std::uint8_t> bytes) {
  constexpr std::size_t kMaxName = 255, kMaxNames = 200;
  std::istringstream lines(std::string(bytes.begin(), bytes.end()));
  std::vector<SubjectClues> images;
  for (std::string line; images.size() < kMaxNames && std::getline(lines, line);) {
    const std::size_t first = line.find('\t'),
                      second = first == std::string::npos ? first : line.find('\t', first + 1);
    if (second == std::string::npos || line.size() > kMaxName) continue;
    images.push_back(
        {line.substr(second + 1), line[0] == '1' ? 1 : 0, line.substr(first + 1, second - first - 1)});
  }
  if (images.empty()) return;
  const Subjects subjects = find_subjects(images, "");
  if (subjects.of_image.size() != images.size() || subjects.lines.empty()) std::abort();
  if (images.size() == 2 && images[0].name != images[1].name) {
    const BinaryClasses classes = binary_classes({images[0].name, images[1].name}, "", "fuzz");
    if (classes.label.size() != 2 || polarity_text(classes.names).empty()) std::abort();
  }
}

std::vector<Bytes> seeds() {
  const char* const texts[] = {
      "0\t\tNORMAL/NORMAL-7037-0001.jpeg\n1\t\tOTHER/OTHER-7037-0001.jpeg\n0\t\tNORMAL/IM-0115-0001.jpeg\n",
      "0\tp1\ttrain/A/00000001_000.png\n1\tp1\ttrain/B/00000001_001.png\n1\t\tB/person1_virus_2.png\n",
      "0\tANONYMOUS\tA/patient00001/study1/view1_frontal.jpg\n1\tANONYMOUS\tB/p10/p10000032/s5/0.jpg\n",
      "0\t\tA/sub-S03044_ses-1_dx.png\n1\t\tB/x-a1_png.rf.0123456789abcdef.jpg\n0\t\tA/10_left.jpeg\n",
      "0\t\tnon-FINDING\n1\t\tNoFinding\n",
      "0\t\tunhealthy\n1\t\tcancer-free\n"};
  std::vector<Bytes> all;
  for (const std::string text : texts) all.emplace_back(text.begin(), text.end());
  return all;
}

}  // namespace dsx::fuzz
