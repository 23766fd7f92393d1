// Labels from tables: the layouts of public sets, as their publishers write them, and what contradicts them.
#include "data/sources/label_table.hpp"

#include <gmock/gmock.h>

#include "data/formats/csv_table.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CsvTable, ReadsQuotesLineBreaksAndAByteOrderMark) {
  const data::CsvTable table =
      data::parse_csv("\xef\xbb\xbfName,\"a \"\"b\"\"\"\r\nx,\"1,\n2\"\r\n\r\ny,\r\n", "t.csv");
  EXPECT_THAT(table.columns, ElementsAre("Name", "a \"b\""));
  EXPECT_THAT(table.rows, ElementsAre(ElementsAre("x", "1,\n2"), ElementsAre("y", "")));
  EXPECT_EQ(table.find("NAME"), 0U);
  EXPECT_EQ(table.find("b"), std::nullopt);
}

TEST(CsvTable, KnowsSemicolonsAndTabs) {
  EXPECT_THAT(data::parse_csv("a;b\n1,5;2\n", "t").rows, ElementsAre(ElementsAre("1,5", "2")));
  EXPECT_THAT(data::parse_csv("a\tb\n1\t2", "t").rows, ElementsAre(ElementsAre("1", "2")));
}

TEST(CsvTable, NamesTheLineOfWhatIsWrong) {
  const auto message = [](std::string_view text) {
    return message_of<DataError>([&] { data::parse_csv(text, "t.csv"); });
  };
  EXPECT_THAT(message(""), HasSubstr("empty"));
  EXPECT_THAT(message("a,b\n\"x\ny\",2\n3\n"), AllOf(HasSubstr("t.csv: line 4"), HasSubstr("1 field")));
  EXPECT_THAT(message("a,b\n1,\"2\n"), HasSubstr("line 2: a quote does not end"));
  EXPECT_THAT(message("a,A\n"), HasSubstr("two columns"));
  EXPECT_THAT(message(std::string_view("a,b\n1,\0\n", 8)), HasSubstr("no text"));
}

class LabelTable : public test::TempFolder {
 protected:
  void touch(const std::string& name) { test::write_bytes(folder_ / "images" / name, {1}); }
  void write_table(const std::string& text) {
    options_.file = folder_ / "labels.csv";
    std::ofstream(options_.file) << text;
  }
  data::FolderListing scan(const std::string& positive = "") {
    return data::scan_labelled(folder_ / "images", options_, positive);
  }
  std::string refusal() {
    return message_of<std::runtime_error>([&] { scan(); });
  }
  data::LabelOptions options_;
};

TEST_F(LabelTable, NihListsFindingsAndPatients) {
  for (const char* name : {"images_001/00000001_000.png", "images_001/00000001_001.png",
                           "images_002/00000002_000.png", "images_002/00000003_000.png"})
    touch(name);
  write_table(
      "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age\n"
      "00000001_000.png,Cardiomegaly,0,1,58\n"
      "00000001_001.png,Effusion|Pneumonia,1,1,58\n"
      "00000002_000.png,No Finding,0,2,81\n"
      "00000009_000.png,Pneumonia,0,9,60\n");
  const data::FolderListing listing = scan();
  EXPECT_THAT(listing.class_names, ElementsAre("no Pneumonia", "Pneumonia"));
  ASSERT_EQ(listing.entries.size(), 3U);
  EXPECT_EQ(listing.entries[1].label, 1);
  EXPECT_EQ(listing.entries[1].subject, "1");
  EXPECT_EQ(listing.entries[2].label, 0);
  EXPECT_THAT(listing.left_out,
              AllOf(Contains(HasSubstr("NIH ChestX-ray14")), Contains(HasSubstr("00000009_000.png")),
                    Contains(HasSubstr("images_002/00000003_000.png"))));
  options_.finding = "cardiomegaly";
  EXPECT_THAT(scan().class_names, ElementsAre("no Cardiomegaly", "Cardiomegaly"));
  options_.finding = "Hernia";
  EXPECT_THAT(refusal(), AllOf(HasSubstr("Hernia"), HasSubstr("Effusion"), HasSubstr("--finding")));
}

TEST_F(LabelTable, RsnaHasARowForEachBox) {
  touch("stage_2_train_images/aa-1.dcm");
  touch("stage_2_train_images/bb-2.dcm");
  write_table("patientId,x,y,width,height,Target\naa-1,,,,,0\nbb-2,1,2,3,4,1\nbb-2,5,6,7,8,1\n");
  const data::FolderListing listing = scan();
  EXPECT_THAT(listing.class_names, ElementsAre("no Pneumonia", "Pneumonia"));
  ASSERT_EQ(listing.entries.size(), 2U);
  EXPECT_EQ(listing.entries[0].label, 0);
  EXPECT_EQ(listing.entries[1].label, 1);
  EXPECT_EQ(listing.entries[1].subject, "bb-2");
}

TEST_F(LabelTable, CheXpertHasUncertainFindings) {
  for (const char* name :
       {"train/patient00001/study1/view1_frontal.jpg", "train/patient00002/study1/view1_frontal.jpg",
        "valid/patient00003/study1/view1_frontal.jpg", "train/patient00004/study1/view1_frontal.jpg"})
    touch(name);
  write_table(
      "Path,Sex,No Finding,Pneumonia\n"
      "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,M,1.0,\n"
      "CheXpert-v1.0-small/train/patient00002/study1/view1_frontal.jpg,F,,1.0\n"
      "CheXpert-v1.0-small/valid/patient00003/study1/view1_frontal.jpg,F,,0.0\n"
      "CheXpert-v1.0-small/train/patient00004/study1/view1_frontal.jpg,F,,-1.0\n");
  const auto labels = [&] {
    std::vector<int> of_images;
    for (const data::FolderEntry& entry : scan().entries) of_images.push_back(entry.label);
    return of_images;
  };
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0));
  EXPECT_EQ(scan().entries[2].split, data::Split::val);
  EXPECT_THAT(scan().left_out, Contains(HasSubstr("uncertain")));
  options_.uncertain = "positive";
  EXPECT_THAT(labels(), ElementsAre(0, 1, 1, 0));  // by name: patient00004 before valid/
  options_.uncertain = "negative";
  EXPECT_THAT(labels(), ElementsAre(0, 1, 0, 0));
  options_.finding = "Sex";
  EXPECT_THAT(refusal(), HasSubstr("'M' of Sex is none of"));
}

TEST_F(LabelTable, APlainTableHasClassesSubjectsAndSplits) {
  for (const char* name : {"a.png", "b.png", "c.png"}) touch(name);
  write_table("image,label,subject,split\na.png,healthy,p1,train\nb.png,sick,p2,test\nc,sick,p2,test\n");
  const data::FolderListing listing = scan();
  EXPECT_THAT(listing.class_names, ElementsAre("healthy", "sick"));
  ASSERT_EQ(listing.entries.size(), 3U);
  EXPECT_EQ(listing.entries[2].split, data::Split::test);
  EXPECT_EQ(listing.entries[2].subject, "p2");
  EXPECT_THAT(scan("healthy").class_names, ElementsAre("sick", "healthy"));
}

TEST_F(LabelTable, ColumnsOfOtherTablesAreNamed) {
  touch("a.png");
  touch("b.png");
  write_table("File;Diagnosis;Who\na.png;normal;1\nb.png;pneumonia;2\n");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("File, Diagnosis, Who"), HasSubstr("--label-columns")));
  options_.columns = "image=file,finding=diagnosis,subject=who";
  const data::FolderListing listing = scan();
  EXPECT_THAT(listing.class_names, ElementsAre("normal", "pneumonia"));
  EXPECT_EQ(listing.entries[1].subject, "2");
  options_.columns = "image=File,finding=Nothing";
  EXPECT_THAT(refusal(), HasSubstr("no column 'Nothing'"));
  options_.columns = "picture=File";
  EXPECT_THAT(refusal(), HasSubstr("expected image=COLUMN"));
}

TEST_F(LabelTable, ContradictionsAndStrangersAreRefused) {
  touch("a.png");
  touch("b.png");
  write_table("image,label\na.png,x\nb.png,y\na.png,y\n");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("a.png has two labels"), HasSubstr("x and y")));
  write_table("image,label\nelsewhere.png,x\n");
  EXPECT_THAT(refusal(), HasSubstr("names no image of 2 files"));
  write_table("image,label\na.png,x\n");
  EXPECT_THAT(refusal(), HasSubstr("one class alone"));
}

}  // namespace
}  // namespace dsx
