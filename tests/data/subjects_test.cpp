// Who is on an image: the conventions of public sets, patterns of the user's, and ids that are nobody's.
#include "data/sources/subjects.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <set>

#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using data::SubjectClues;
using test::message_of;
using ::testing::HasSubstr;

std::size_t count_of(const data::Subjects& subjects) {
  return std::set<std::string>(subjects.of_image.begin(), subjects.of_image.end()).size();
}

struct NamePattern {
  const char* what;
  std::string (*name)(int label, int patient, int image);
};
void PrintTo(const NamePattern& pattern, std::ostream* out) { *out << pattern.what; }

class Conventions : public ::testing::TestWithParam<NamePattern> {};

// Seven patients of each class, three images each.
TEST_P(Conventions, TellPatients) {
  std::vector<SubjectClues> images;
  for (int label = 0; label < 2; ++label)
    for (int patient = 0; patient < 7; ++patient)
      for (int image = 0; image < 3; ++image)
        images.push_back({GetParam().name(label, patient, image), label, ""});
  const data::Subjects subjects = data::find_subjects(images, "");
  EXPECT_EQ(count_of(subjects), 14U);
  for (std::size_t i = 0; i < images.size(); ++i)
    EXPECT_EQ(subjects.of_image[i], subjects.of_image[i / 3 * 3]) << images[i].name;
  EXPECT_THAT(subjects.lines.at(0), HasSubstr("subjects: 14 on 42 images"));
}

INSTANTIATE_TEST_SUITE_P(
    Public, Conventions,
    ::testing::Values(
        NamePattern{"CLASS-PATIENT-NUMBER",
                    [](int l, int p, int i) {
                      return fmt::format("train/{0}/{0}-{1}-{2}.jpeg", l == 0 ? "DRUSEN" : "CNV", 81234 + p,
                                         i + 1);
                    }},
        NamePattern{"NUMBER_NNN",
                    [](int l, int p, int i) { return fmt::format("{}/{:08}_{:03}.png", l, 100 * l + p, i); }},
        NamePattern{"numbers that begin anew",
                    [](int l, int p, int i) { return fmt::format("c{}/{:04}_{}.png", l, p, i); }},
        NamePattern{"patient folders",
                    [](int l, int p, int i) {
                      return fmt::format("{}/patient{:05}/study1/view{}_frontal.jpg", l, 40 * l + p, i);
                    }},
        NamePattern{
            "numbered folders",
            [](int l, int p, int i) { return fmt::format("test/{}/{:03}/scan{}.png", l, 50 * l + p, i); }},
        NamePattern{
            "BIDS folders",
            [](int l, int p, int i) { return fmt::format("{}/sub-{}{:02}/anat/{}.png", l, l, p, i); }},
        NamePattern{"patients of CLASS-PATIENT-NUMBER beside copies",
                    [](int l, int p, int i) {
                      return fmt::format("{0}/{0}-{1}-{2:04}{3}.jpeg", l == 0 ? "NORMAL" : "VIRUS",
                                         1000 * l + p, i,
                                         i == 1   ? " (1)"
                                         : i == 2 ? "_flipped"
                                                  : "");
                    }},
        NamePattern{"patient folders in ten thousands",
                    [](int l, int p, int i) {
                      return fmt::format("{}/p1{}/p1{:07}/s5{:03}/0{}.jpg", l, l, 40 * l + p, i, i);
                    }},
        NamePattern{"CXR_IM",
                    [](int l, int p, int i) {
                      return fmt::format("{}/CXR{}_IM-{:04}-{}001.png", l, 70 * l + p, p, i);
                    }},
        NamePattern{"BIDS file names",
                    [](int l, int p, int i) {
                      return fmt::format("{}/sub-S{}{:02}_ses-E{}_run-1_bp-chest_vp-ap_dx.png", l, l, p, i);
                    }},
        NamePattern{"two eyes",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{}_{}.jpeg", l, 10 * l + p,
                                         i == 0   ? "left"
                                         : i == 1 ? "right"
                                                  : "left_2");
                    }},
        NamePattern{"mammograms",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{:08}_{:016x}_MG_R_{}_ANON.dcm", l, 100 * l + 3 * p + i,
                                         1000000007LL * (10 * l + p + 1), i == 0 ? "CC" : "ML");
                    }},
        NamePattern{"exported copies",
                    [](int l, int p, int i) {
                      return fmt::format("{}/scan-a{}b{}_png.rf.0123456789abcdef{}.jpg", l, l, p, i);
                    }},
        NamePattern{"patients and studies in file names",
                    [](int l, int p, int i) {
                      return fmt::format("{}/p1{:07}_s50414{:03}_{}.jpg", l, 40 * l + p, i, i);
                    }},
        NamePattern{"ids of an archive",
                    [](int l, int p, int i) {
                      return fmt::format("{}/MIDRC-RICORD-1C-419639-{:06}-{}-0.png", l, 60 * l + p, 5000 + i);
                    }},
        NamePattern{"ids and words",
                    [](int l, int p, int i) { return fmt::format("{}/ID_{:04}_img{}.png", l, 60 * l + p, i); }},
        NamePattern{"classes, patients, scans and slices",
                    [](int l, int p, int i) {
                      return fmt::format("{}/NCP_{}_{}_{:04}.png", l, 90 * l + p, 1328 + 7 * p, 32 + i);
                    }},
        NamePattern{"patches of slides",
                    [](int l, int p, int i) {
                      return fmt::format("{0}/{1}_idx5_x{2}_y1251_class{0}.png", l, 8863 + 50 * l + p,
                                         51 + 50 * i);
                    }},
        NamePattern{"two eyes behind an id",
                    [](int l, int p, int i) {
                      return fmt::format("{}/RET{:03}{}.png", l, 40 * l + p,
                                         i == 0   ? "OD"
                                         : i == 1 ? "OS"
                                                  : "OD_1");
                    }},
        NamePattern{"ids of a challenge",
                    [](int l, int p, int i) {
                      return fmt::format("{}/BraTS20_Training_{:03}_slice_{}.png", l, 50 * l + p, 50 + i);
                    }},
        NamePattern{"folders of studies",
                    [](int l, int p, int i) {
                      return fmt::format("{}/study_{:04}/slice_{}.png", l, 50 * l + p, i);
                    }},
        NamePattern{"letters and numbers",
                    [](int l, int p, int i) {
                      return fmt::format("{}/LUNG1-{:03}_{:03}.png", l, 50 * l + p, i);
                    }},
        NamePattern{"hashes and views",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{:032x}_{}_CC.png", l, 77777 * (50 * l + p + 1), i);
                    }},
        NamePattern{"days before ids",
                    [](int l, int p, int i) {
                      return fmt::format("{}/2019{:02}1{}_{}_0100_PP.png", l, i + 1, p, 43808 + 50 * l + p);
                    }},
        NamePattern{"augmented copies",
                    [](int l, int p, int i) {
                      return fmt::format("{0}/{0}_original_IM-{1:04}-0001.jpeg_{2:08x}-14fd-4e49-80ba-63a80b6bddd6.png",
                                         l, 50 * l + p, i);
                    }},
        NamePattern{"two knees",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{}{}.png", l, 9000099 + 60 * l + p,
                                         i == 0   ? "L"
                                         : i == 1 ? "R"
                                                  : "L_1");
                    }},
        NamePattern{"ids and dates",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{}_2019-0{}-12.png", l, 100234 + 60 * l + p, i + 1);
                    }},
        NamePattern{"numbered folders of numbered views",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{:05}/{}_frontal.png", l, 50 * l + p, i);
                    }},
        NamePattern{"numbered folders of visits",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{:05}/{}_0.png", l, 50 * l + p, 88000 + 1000 * l + 10 * p + i);
                    }},
        NamePattern{"cells of a slide",
                    [](int l, int p, int i) {
                      return fmt::format("{}/C{}P{}thinF_IMG_2015061{}_11475{}_cell_{}.png", l, 33 + p,
                                         20 * l + p, i, i, p + i);
                    }},
        NamePattern{"patches of patients",
                    [](int l, int p, int i) {
                      return fmt::format("{}/patch_patient_{:03}_node_{}_x_3328.png", l, 20 * l + p, i);
                    }},
        NamePattern{"a folder for each node of a patient",
                    [](int l, int p, int i) {
                      return fmt::format("{}/patient_{:03}_node_{}/patch_x_3328.png", l, 20 * l + p, i);
                    }},
        NamePattern{"a folder for each series of a patient",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{:06}_{:02}_01/{}.png", l, 20 * l + p, i + 1, 100 + i);
                    }},
        NamePattern{"a folder for each visit",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{}_2019-0{}-12/scan.png", l, 100234 + 20 * l + p, i + 1);
                    }},
        NamePattern{"folders made flat",
                    [](int l, int p, int i) {
                      return fmt::format("{}/train_patient{:05}_study{}_view1_frontal.png", l, 20 * l + p, i);
                    }},
        NamePattern{"classes before patients",
                    [](int l, int p, int i) { return fmt::format("{}/NORMAL_P{:02}_S{}.png", l, 20 * l + p, i); }},
        NamePattern{"two views behind a class",
                    [](int l, int p, int i) {
                      return fmt::format("{}/glaucoma-{}-{}.png", l, 20 * l + p,
                                         i == 0   ? "left"
                                         : i == 1 ? "right"
                                                  : "left_2");
                    }},
        NamePattern{"copies of what has a UUID",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{:08x}-14fd-4e49-80ba-63a80b6bddd6{}.png", l, 77 * (20 * l + p) + 9,
                                         i == 0   ? ""
                                         : i == 1 ? "_flip"
                                                  : " (2)");
                    }},
        NamePattern{"numbers beside their copies",
                    [](int l, int p, int i) {
                      return fmt::format("{}/{:04}{}.png", l, 20 * l + p,
                                         i == 0   ? ""
                                         : i == 1 ? "_1"
                                                  : "_2");
                    }},
        NamePattern{
            "subject in the file's name",
            [](int l, int p, int i) { return fmt::format("{}/subject-{}_visit{}.tif", l, 10 * l + p, i); }}),
    [](const auto& row) {
      std::string name = row.param.what;
      for (char& c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
      return name;
    });

TEST(Subjects, FoldersThatNumberSomethingElseAreNobody) {
  EXPECT_EQ(data::subject_from_name("a/b/scan_17.png"), "a/b/scan_17.png");
  std::vector<SubjectClues> images;
  for (int i = 0; i < 20; ++i)
    images.push_back({fmt::format("{}/images_{:03}/x{}.png", i % 2, i / 10, i), i % 2, ""});
  EXPECT_EQ(count_of(data::find_subjects(images, "")), 20U);
}

// Days, weightings, magnifications and parts of a set, four of each in turn.
TEST(Subjects, FoldersOfDaysAndKindsOfImagesAreNobody) {
  const std::vector<std::vector<std::string>> kinds = {
      {"2019-01-12", "2019-01-13", "2019-02-01", "2019-02-02"},
      {"20190112", "20190113", "20190201", "20190202"},
      {"12.01.2019", "13.01.2019", "01.02.2019", "02.02.2019"},
      {"T1", "T2", "T1ce", "T2-FLAIR"},
      {"40X", "100X", "200X", "400X"},
      {"subset0", "subset1", "subset2", "subset3"},
      {"dataset_1", "dataset_2", "dataset_3", "dataset_4"},
      {"patch1", "patch2", "patch3", "patch4"},
      {"subtype1", "subtype2", "subtype3", "subtype4"}};
  for (const auto& folders : kinds) {
    std::vector<SubjectClues> images;
    for (int i = 0; i < 48; ++i)
      images.push_back({fmt::format("{}/{}/q{}z.png", i % 2, folders[static_cast<std::size_t>(i / 2 % 4)],
                                    static_cast<char>('A' + i % 26) + std::string(i / 26 + 1, 'x')),
                        i % 2, ""});
    EXPECT_EQ(count_of(data::find_subjects(images, "")), 48U) << folders[0];
  }
}

TEST(Subjects, ADayBehindWordsIsNoPatient) {
  for (const char* name :
       {"a/PXL_20200212_123015212.png", "a/Screenshot_20200101-123456.png", "a/MVIMG_20200101_123456.png"})
    EXPECT_EQ(data::subject_from_name(name), name);
}

TEST(Subjects, AFolderOfManyPatientsIsNone) {
  std::vector<SubjectClues> images;
  for (int i = 0; i < 200; ++i)
    images.push_back({fmt::format("{}/GE{}/{:05}_{:03}.png", i % 2, i / 50, i / 4, i % 4), i % 2, ""});
  EXPECT_EQ(count_of(data::find_subjects(images, "")), 50U);
}

TEST(Subjects, AYearInEveryNameIsNoPatient) {
  std::vector<SubjectClues> images;
  for (int i = 0; i < 20; ++i) images.push_back({fmt::format("{}/2021_{:03}.png", i % 2, i), i % 2, ""});
  const data::Subjects subjects = data::find_subjects(images, "");
  EXPECT_EQ(count_of(subjects), 20U);
  EXPECT_THAT(subjects.lines.back(), HasSubstr("--subject REGEX"));
}

TEST(Subjects, APatternOfTheUsersWins) {
  std::vector<SubjectClues> images;
  for (int i = 0; i < 12; ++i)
    images.push_back({fmt::format("{}/x_q{}z_{}.png", i % 2, i / 3, i), i % 2, "P1"});
  EXPECT_EQ(count_of(data::find_subjects(images, "q([0-9]+)z")), 4U);
  EXPECT_EQ(count_of(data::find_subjects(images, "image")), 12U);
  EXPECT_THAT(message_of<DataError>([&] { data::find_subjects(images, "w([0-9]+)"); }),
              HasSubstr("fits no name"));
  EXPECT_THAT(message_of<DataError>([&] { data::find_subjects(images, "x_()q"); }),
              HasSubstr("fits no name"));
  EXPECT_THAT(message_of<ConfigError>([&] { data::check_subject_pattern("(["); }),
              HasSubstr("regular expression"));
  images.push_back({"0/other.png", 0, ""});
  EXPECT_THAT(data::find_subjects(images, "q([0-9]+)z").lines.at(0), HasSubstr("does not fit 1 name"));
}

TEST(Subjects, APatientIdThatIsSharedIsNobody) {
  std::vector<SubjectClues> images;
  for (int i = 0; i < 20; ++i) images.push_back({fmt::format("{}/i{}.dcm", i % 2, i), i % 2, "TRIAL-3"});
  const data::Subjects all = data::find_subjects(images, "");
  EXPECT_EQ(count_of(all), 20U);
  EXPECT_THAT(all.lines.at(1), ::testing::AllOf(HasSubstr("TRIAL-3"), HasSubstr("20 of 20 files"),
                                                HasSubstr("--subject image")));
  for (int i = 0; i < 14; ++i) images[i].patient = fmt::format("p{}", i / 2);
  for (int i = 14; i < 20; ++i) images[i].patient = "both";  // 6 of 20, of both classes
  EXPECT_EQ(count_of(data::find_subjects(images, "")), 7U + 6U);
  images[3].patient = "0000";  // de-identified
  EXPECT_EQ(data::find_subjects(images, "").of_image[3], images[3].name);
}

// The same person before and after: leaks if it is taken apart.
TEST(Subjects, AFewImagesOfBothClassesAreOnePerson) {
  std::vector<SubjectClues> images;
  for (int i = 0; i < 60; ++i)
    images.push_back({fmt::format("{}/i{}.dcm", i % 2, i), i % 2, fmt::format("p{}", i / 2)});
  EXPECT_EQ(count_of(data::find_subjects(images, "")), 30U);
}

TEST(Subjects, NamesThatTellNobodyLeaveEachImageItsOwn) {
  const char* names[] = {"0/0004cfab-14fd-4e49-80ba-63a80b6bddd6.dcm",
                         "1/COVID-19-17.png",
                         "0/COVID-12.png",
                         "1/0a1aef5326b7b24378c6692f7a454e52.png",
                         "1/images_001/x.png",
                         "1/IMG_20200101_123456.jpg",
                         "0/00043512-14fd-4e49-80ba-63a80b6bddd6.dcm",
                         "0/fold12_17.png",
                         "0/2019/y.png",
                         "0/512x512/z.png",
                         "1/Covid (7).png"};
  std::vector<SubjectClues> images;
  for (const char* name : names) images.push_back({name, name[0] - '0', ""});
  EXPECT_EQ(data::find_subjects(images, "").of_image,
            std::vector<std::string>(std::begin(names), std::end(names)));
}

// Numbers that a whole set gives once: a patient with images of both classes is one.
TEST(Subjects, OnePatientOfBothClassesStaysOne) {
  std::vector<SubjectClues> images;
  for (int patient = 0; patient < 12; ++patient)
    for (int image = 0; image < 4; ++image)
      images.push_back({fmt::format("{}/{:08}_{:03}.png", image % 2, patient, image), image % 2, ""});
  const data::Subjects subjects = data::find_subjects(images, "");
  EXPECT_EQ(count_of(subjects), 12U);
  EXPECT_THAT(subjects.lines.back(), HasSubstr("12 of them have images of both classes, e.g. '00000000'"));
}

TEST(Subjects, APatientIdOfAWholeClassIsNobody) {
  std::vector<SubjectClues> images;
  for (int i = 0; i < 20; ++i)
    images.push_back(
        {fmt::format("{}/i{}.dcm", i % 2, i), i % 2, i % 2 == 0 ? "CONTROLS" : fmt::format("p{}", i)});
  EXPECT_EQ(count_of(data::find_subjects(images, "")), 20U);
  for (SubjectClues& image : images) image.patient = image.label == 0 ? "XXXX" : "study B";
  EXPECT_EQ(count_of(data::find_subjects(images, "")), 20U);
}

TEST(Subjects, ThreeYearsAreNotThreePatients) {
  std::vector<SubjectClues> images;
  for (int i = 0; i < 30; ++i)
    images.push_back({fmt::format("{}/20{}_{:03}.png", i % 2, 19 + i % 3, i), i % 2, ""});
  const data::Subjects subjects = data::find_subjects(images, "");
  EXPECT_EQ(count_of(subjects), 30U);
  EXPECT_THAT(subjects.lines.back(), HasSubstr("is shared by 10 of 30 files, of both classes"));
}

}  // namespace
}  // namespace dsx
