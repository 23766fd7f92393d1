// The table of the commands below `study data`.
#include "study/commands/data_subcommands.hpp"

#include "study/commands/data_options.hpp"

namespace dsx::commands {
namespace {

// `issues` trains, so it takes every setting of `study`.
const std::vector<std::string>& every_key() {
  static const std::vector<std::string> keys;
  return keys;
}

}  // namespace

const std::vector<DataSubcommand>& data_subcommands() {
  static const std::vector<DataSubcommand> table = {
      {"import", "SOURCE --out FILE.h5", "decode images once, into one compressed HDF5 file",
       "  --out FILE                  the HDF5 file to write; appears only when it is complete\n"
       "  --jobs N                    threads that decode [every CPU]\n"
       "  --force                     replace FILE if it exists\n"
       "  --timing                    also time decoding alone on the same threads, before and after\n",
       data_import, data_keys},
      {"show", "SOURCE", "what it holds: counts, subjects, duplicates, leaks",
       "  --json                      as JSON, with every duplicate and every shared subject\n"
       "  --all                       list all of them as text, too [the first 5]\n",
       data_show, data_keys},
      {"audit", "SOURCE", "copies, near copies, leaks, shortcuts to the label, splits that are too small",
       "  --html FILE                 a page with thumbnails, one file\n"
       "  --json                      as JSON, with everything that was found\n"
       "  --all                       list everything as text, too [the first 5 of each]\n"
       "  --radius BITS               near duplicates: at most so many differing bits of the hashes [6]\n"
       "  --similarity NUMBER         and a correlation of the images of at least [0.98]\n"
       "  --jobs N                    threads that read and hash [every CPU]\n"
       "  --force                     replace FILE if it exists\n",
       data_audit, data_audit_keys},
      {"clean", "SOURCE --out FILE.h5", "a new file without copies, and a manifest of hashes beside it",
       "  --out FILE.h5               the file to write; FILE.manifest.json goes beside it\n"
       "  --priority SPLITS           of copies, keep the one in the first of these splits "
       "[train,val,test]\n"
       "  --radius BITS               drop near duplicates, too, within so many bits [only exact copies]\n"
       "  --similarity NUMBER         and with a correlation of at least [0.98]\n"
       "  --by-subject                a subject stays in the first of its splits only\n"
       "  --drop-conflicts            keep none of the copies whose labels contradict each other\n"
       "  --all                       print every dropped image [the first 10]\n"
       "  --jobs N                    threads [every CPU]\n"
       "  --force                     replace files that exist\n",
       data_clean, data_keys},
      {"issues", "SOURCE [SETTINGS]", "labels that are likely wrong (trains a network per fold)",
       "  --folds N                   of the cross-validation by subject [5]\n"
       "  --html, --csv, --json FILE  a page with thumbnails; every image by rank; the issues\n"
       "  --save-probabilities FILE   the out-of-sample probabilities, as CSV\n"
       "  --probabilities FILE        use saved ones instead of training\n"
       "  --inject RATE               make labels wrong on purpose (--noise-kind) and say how many are found "
       "[0]\n"
       "  --force                     replace files that exist\n",
       data_issues, every_key},
  };
  return table;
}

}  // namespace dsx::commands
