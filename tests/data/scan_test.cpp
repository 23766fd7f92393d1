// The one walk over folders: what it takes, and what it names as left out.
#include "data/sources/scan.hpp"

#include <gmock/gmock.h>

#include "data/sources/folder.hpp"
#include "kernels/base/error.hpp"
#include "make_dicom.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::write_bytes;
using test::write_image;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Scan : public test::TempFolder {
 protected:
  void SetUp() override {
    TempFolder::SetUp();
    for (const char* name : {"A", "B"}) write_image(folder_ / name / "x.png", test::picture(16, 16, 40));
  }
  std::vector<std::string> names() {
    std::vector<std::string> all;
    for (const data::ScannedFile& file : data::scan_images(folder_).files) all.push_back(file.name);
    return all;
  }
  std::vector<std::string> left_out() { return data::scan_images(folder_).left_out.lines(); }
};

TEST_F(Scan, FilesWithoutAnEndingAreKnownByTheirContent) {
  std::vector<std::uint8_t> png;
  cv::imencode(".png", test::picture(16, 16, 4), png);
  write_bytes(folder_ / "A/plain", png);
  write_bytes(folder_ / "A/IM000123", test::make_dicom(test::picture(16, 16, 9), {}));
  write_bytes(folder_ / "A/notes.txt", {'h', 'i'});
  write_bytes(folder_ / "A/list.csv", {'a', ',', 'b'});
  EXPECT_THAT(names(), ElementsAre("A/IM000123", "A/plain", "A/x.png", "B/x.png"));
  EXPECT_THAT(left_out(), ElementsAre(AllOf(HasSubstr("2 files of other kinds"), HasSubstr("A/list.csv"))));
}

TEST_F(Scan, HiddenFilesAndFoldersAreLeftOutAndNamed) {
  write_bytes(folder_ / "A/._x.png", {0, 5, 22, 7});
  write_image(folder_ / "A/.ipynb_checkpoints/x-checkpoint.png", test::picture(16, 16, 4));
  EXPECT_THAT(names(), ElementsAre("A/x.png", "B/x.png"));
  EXPECT_THAT(left_out(), ElementsAre(AllOf(HasSubstr("2 files hidden"), HasSubstr("A/._x.png"))));
}

TEST_F(Scan, LinksAreFollowedUnlessTheyLeadBack) {
  write_image(folder_ / "B/deep/y.png", test::picture(16, 16, 4));
  test::fs::create_directory_symlink("../B/deep", folder_ / "A/linked");
  test::fs::create_directory_symlink("..", folder_ / "A/loop");
  test::fs::create_symlink("nowhere.png", folder_ / "A/dangling.png");
  EXPECT_THAT(names(), ElementsAre("A/linked/y.png", "A/x.png", "B/deep/y.png", "B/x.png"));
  EXPECT_THAT(left_out(),
              AllOf(Contains(AllOf(HasSubstr("linked back"), HasSubstr("A/loop"))),
                    Contains(AllOf(HasSubstr("linked to nothing"), HasSubstr("A/dangling.png")))));
}

TEST_F(Scan, MasksBesideTheirImagesAreLeftOut) {
  for (const char* name :
       {"C/images/1.png", "C/Masks/1.png", "C/Masks/deep/2.png", "A/x_mask.png", "A/x_mask_1.png",
        "A/x_lungmask.png", "A/x_mask_left.png", "A/x_pred_mask.png", "A/x_msk.png"})
    write_image(folder_ / name, test::picture(16, 16, 4));
  write_image(folder_ / "B/gas_mask.png", test::picture(16, 16, 4));  // of nothing that is there
  EXPECT_THAT(names(), ElementsAre("A/x.png", "B/gas_mask.png", "B/x.png", "C/images/1.png"));
  EXPECT_THAT(left_out(), ElementsAre(AllOf(HasSubstr("8 files as masks"), HasSubstr("A/x_lungmask.png"))));
}

TEST_F(Scan, MasksOfManyNamesAreLeftOut) {
  for (const char* name :
       {"A/frontal/1.png", "A/lung masks/1.png", "A/ManualMask/leftMask/1.png", "A/Ground-truths/1.png",
        "A/mask_x.png", "A/x.seg.png", "A/xmask.png", "B/7_image.png", "B/7_gt.png", "B/x-label.png"})
    write_image(folder_ / name, test::picture(16, 16, 4));
  EXPECT_THAT(names(), ElementsAre("A/frontal/1.png", "A/x.png", "B/7_image.png", "B/x.png"));
  EXPECT_THAT(left_out(), ElementsAre(HasSubstr("left out: 8 files as masks or annotations, e.g. ")));
}

TEST_F(Scan, AFolderOfMasksBesideTheClassesIsNoClass) {
  for (const char* name : {"masks/x.png", "Annotations/A/x.png", "A/heatmap/x.png", "A/ROI/x.png",
                           "A/x_overlay.png", "B/preview/x.png", "B/x-thumb.png"})
    write_image(folder_ / name, test::picture(16, 16, 4));
  EXPECT_THAT(names(), ElementsAre("A/x.png", "B/x.png"));
  EXPECT_THAT(left_out(), ElementsAre(HasSubstr("left out: 7 files as masks or annotations, e.g. ")));
  for (const char* name : {"with_mask", "without_mask", "masks"})
    write_image(folder_ / "faces" / name / "1.png", test::picture(16, 16, 4));
  EXPECT_EQ(data::scan_images(folder_ / "faces").files.size(), 3U);
}

TEST_F(Scan, AFolderCalledAsAClassAndItsMasksIsNoClass) {
  for (const char* name : {"A_masks/x.png", "B_segmentation/x.png", "a-ROI/x.png", "A/x_superpixels.png"})
    write_image(folder_ / name, test::picture(16, 16, 4));
  EXPECT_THAT(names(), ElementsAre("A/x.png", "B/x.png"));
  EXPECT_THAT(data::scan_folder(folder_).class_names, ElementsAre("A", "B"));
}

TEST_F(Scan, ANewlineInANameStaysOnOneLine) {
  write_bytes(folder_ / "A/no\nte.txt", {'h', 'i'});
  EXPECT_THAT(left_out(), ElementsAre(HasSubstr("e.g. A/no\\nte.txt")));
}

TEST_F(Scan, FoldersOfTheSystemsAreLeftOut) {
  write_image(folder_ / "A/@eaDir/x.png/SYNOPHOTO_THUMB_M.jpg", test::picture(16, 16, 4));
  write_bytes(folder_ / "__MACOSX/A/._x.png", {0, 5, 22, 7});
  write_bytes(folder_ / "A/Thumbs.db", {0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1});
  EXPECT_THAT(names(), ElementsAre("A/x.png", "B/x.png"));
  EXPECT_THAT(left_out(), ElementsAre(HasSubstr("1 file of other kinds, e.g. A/Thumbs.db"),
                                      HasSubstr("2 folders of the system's own, e.g. A/@eaDir")));
}

TEST_F(Scan, ClassesMayBeWithAndWithoutMask) {
  for (const char* name : {"set/with_mask/1.png", "set/without_mask/1.png", "set/sample.png"})
    write_image(folder_ / name, test::picture(16, 16, 4));
  EXPECT_THAT(data::scan_folder(folder_ / "set").class_names, ElementsAre("without_mask", "with_mask"));
}

TEST_F(Scan, AClassMayBeCalledMask) {
  write_image(folder_ / "mask/1.png", test::picture(16, 16, 4));
  EXPECT_THAT(names(), Contains("mask/1.png"));
  EXPECT_THAT(left_out(), IsEmpty());
}

TEST_F(Scan, AListingNamesWhatIsInNoClass) {
  write_image(folder_ / "stray.png", test::picture(16, 16, 4));
  EXPECT_THAT(data::scan_folder(folder_).left_out,
              ElementsAre(HasSubstr("1 file in no folder of a class, e.g. stray.png")));
  write_image(folder_ / "train/A/1.png", test::picture(16, 16, 4));
  write_image(folder_ / "train/B/1.png", test::picture(16, 16, 4));
  EXPECT_THAT(data::scan_folder(folder_).left_out,
              ElementsAre(HasSubstr("3 files beside the folders of the splits")));
}

TEST_F(Scan, NegatedClassesAreTheNegativeOnes) {
  const std::pair<const char*, const char*> pairs[] = {{"nodule", "no_nodule"},
                                                       {"Tumor", "notumor"},
                                                       {"FINDING", "non-FINDING"},
                                                       {"mass", "without mass"},
                                                       {"diabetic", "not_diabetic"},
                                                       {"abnormal", "Normal"},
                                                       {"covid", "covid_negative"},
                                                       {"sick", "healthy control"},
                                                       {"not normal", "normal"},
                                                       {"infected", "Uninfected"},
                                                       {"COVID19(+)", "COVID19(-)"},
                                                       {"Fracture", "Pas de fracture"},
                                                       {"con contrasto", "senza contrasto"},
                                                       {"ever", "never"},
                                                       {"with_contrast", "wo_contrast"},
                                                       {"HSIL", "NILM"},
                                                       {"high_grade", "low_grade"},
                                                       {"melanoma", "nevus"},
                                                       {"irregular", "regular"},
                                                       {"anormale", "normale"},
                                                       {"effusion", "No Finding"},
                                                       {"glioma", "notumor"},
                                                       {"opacity", "NoFinding"},
                                                       {"AD", "CN"},
                                                       {"Unhealthy", "healthy"},
                                                       {"AbNormal", "normal"},
                                                       {"cancer", "cancer-free"},
                                                       {"Malignant", "benign"},
                                                       {"benign", "normal"},
                                                       {"COVID", "Other"},
                                                       {"Pneumonia", "nonPneumonia"},
                                                       {"TB", "absent"},
                                                       {"ill", "not_ill"},
                                                       {"Krank", "ohne Befund"},
                                                       {"covid19", "nonCOVID19"},
                                                       {"DR", "No_DR"},
                                                       {"X", "none"},
                                                       {"Krank", "nicht krank"},
                                                       {"p", "n"},
                                                       {"Y", "N"},
                                                       {"T", "F"},
                                                       {"+", "-"},
                                                       {"anomaly", "good"},
                                                       {"defect", "ok"},
                                                       {"LN", "NLN"},
                                                       {"finding", "zero_finding"},
                                                       {"Fracture", "Intact"},
                                                       {"died", "survived"},
                                                       {"abnormality", "normality"},
                                                       {"COVID+", "COVID-"},
                                                       {"TB_p", "TB_n"}};
  for (const auto& [positive, negative] : pairs) {
    const test::fs::path root = folder_ / "sets" / (std::string(positive) + " and " + negative);
    for (const char* name : {positive, negative})
      write_image(root / name / "1.png", test::picture(16, 16, 4));
    EXPECT_THAT(data::scan_folder(root).class_names, ElementsAre(negative, positive));
  }
}

}  // namespace
}  // namespace dsx
