// What names say of patients: the conventions of public sets, rows of one table. Whether an id that is found
// so can be a person's is for subjects.cpp to say.
#pragma once

#include <optional>
#include <string>

namespace dsx::data {

struct NameClue {
  std::string subject;     // "person1000", "00000013", "patient00007"
  std::string convention;  // how it was found, in words for people: "NUMBER_NNN (file names)"
  bool is_number = false;  // any number in a file's name: may as well be that of a view or a visit
};

// `name`: relative to the data set's root, with '/'. Nothing where no row fits.
std::optional<NameClue> subject_by_table(const std::string& name);

// The first folder below the class's whose name has a number that may be a patient's. Nothing elsewhere.
std::optional<NameClue> subject_by_folder(const std::string& name);

// Of a name in which `subject` was found: what tells its images apart, the numbers behind it below the
// class's folder ("0003" of NORMAL/NORMAL-7037-0003.jpeg).
std::string image_numbers(const std::string& name, const std::string& subject);

}  // namespace dsx::data
