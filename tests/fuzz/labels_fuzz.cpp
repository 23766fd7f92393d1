// A table of labels from memory: its rows, and the layout that it would be taken for.
#include "data/formats/csv_table.hpp"
#include "data/sources/label_layouts.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace dsx::fuzz {

using namespace data;

void read(std::span<const std::uint8_t> bytes) {
  const std::string text(bytes.begin(), bytes.end());
  const CsvTable table = parse_csv(text, "fuzz.csv");
  for (const auto& row : table.rows)
    if (row.size() != table.columns.size()) std::abort();
  const LabelLayout layout = layout_of(table, "", "fuzz.csv");
  if (!table.find(layout.image)) std::abort();
}

std::vector<Bytes> seeds() {
  std::vector<Bytes> files;
  for (const std::string text : {"Image Index,Finding Labels,Patient ID\na.png,Effusion|Pneumonia,1\n",
                                 "patientId,x,Target\na,\"1,\n2\",1\n", "Path,Pneumonia\na/b.jpg,-1.0\n",
                                 "\xef\xbb\xbfimage;label;subject;split\n\"a \"\"b\";x;1;train\n"})
    files.emplace_back(text.begin(), text.end());
  return files;
}

}  // namespace dsx::fuzz
