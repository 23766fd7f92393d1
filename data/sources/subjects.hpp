// Who is on an image: patients must not lie on both sides of a split. Known conventions of file and folder
// names are rows of one table; DICOM files say it themselves; a pattern of the user's wins over both.
#pragma once

#include <string>
#include <vector>

namespace dsx::data {

// What is known of one image. The name is relative to the data set's root, with '/'.
struct SubjectClues {
  std::string name;
  int label = 0;
  std::string patient;  // a DICOM file's PatientID; "" where there is none
};

struct Subjects {
  std::vector<std::string> of_image;  // one for each
  std::vector<std::string> lines;     // how they were found and how many there are, for people
};

// `pattern`: "" for the table; "image" makes each image a subject of its own; else a regular expression that
// is searched in each name, whose first group that is not empty (or whole match, of a pattern without
// groups) is the subject. Ids that cannot be a person's
// are set aside and said: a PatientID that means nobody, or that four fifths of the files or of a class
// share, or a tenth of all from both classes; a name's id that half of the files share, or likewise. Throws
// ConfigError for a pattern that is none, DataError for one that fits no name.
Subjects find_subjects(const std::vector<SubjectClues>& images, const std::string& pattern);

// By the table alone: "person1000" from person1000_bacteria_2931; otherwise the name itself.
std::string subject_from_name(const std::string& name);

// Throws ConfigError for a pattern that is no regular expression.
void check_subject_pattern(const std::string& pattern);

}  // namespace dsx::data
