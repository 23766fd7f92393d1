// Names of files, folders and classes as words: what tells a mask from an image, a negated class from the
// other.
#pragma once

#include <string>
#include <vector>

namespace dsx::data {

// Letters and digits in lower case, apart where another sign or a new capital stands: {"non", "covid", "19"}
// of "nonCovid-19".
std::vector<std::string> words_in(const std::string& name);

}  // namespace dsx::data
