// Which values the images of a source use: found before an import, so that all of a kind are stretched alike,
// and told after it.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "data/sources/image_source.hpp"

namespace dsx::data {

// The ranges of the kinds that leave two of their bits unused or more (found_range()). Decodes the images of
// a kind until one shows that it uses its bits, on `jobs` threads (0: every CPU); bad images are passed over.
std::map<std::string, IntensityRange> find_ranges(ImageSource& images, int jobs);

// "0 to 16 of 255, values 0 to 4112" where all but a hundredth of a decoded image's pixels lie within a
// quarter of black to white: nearly black, most often. "" elsewhere.
std::string narrow_text(const ImageFacts& facts);

// What the decoded images were like, in lines for people.
class ValueNotes {
 public:
  void add(const std::string& name, const ImageFacts& facts);
  std::vector<std::string> lines() const;

 private:
  struct Kind {
    UsedValues used;
    IntensityRange range;
    bool own_range = false, several = false;  // several: ranges differ from image to image
  };
  std::map<std::string, Kind> kinds_;
  struct Odd {
    std::size_t count = 0;
    std::string example;
  };
  std::map<std::string, Odd> odd_;
  std::map<bool, Odd> narrow_;  // by whether the file's own window makes it so
};

}  // namespace dsx::data
