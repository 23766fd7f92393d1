# What makes `cmake --install` self-contained: the programs look for oneDNN beside themselves, and it is put there
# unless it is the system's own (the loader finds that). Included before any target, since it sets their run path.
include(GNUInstallDirs)
get_filename_component(downscalexr_onednn_dir "${downscalexr_onednn_library}" DIRECTORY)
if(downscalexr_onednn_soname AND NOT downscalexr_onednn_dir IN_LIST CMAKE_CXX_IMPLICIT_LINK_DIRECTORIES)
  # A folder of ours: the prefix may be /usr/local, where another program's oneDNN may live.
  set(downscalexr_libdir "${CMAKE_INSTALL_LIBDIR}/downscalexr")
  file(RELATIVE_PATH downscalexr_from_bin "/${CMAKE_INSTALL_BINDIR}" "/${downscalexr_libdir}")
  set(CMAKE_INSTALL_RPATH "$ORIGIN/${downscalexr_from_bin}")
  install(PROGRAMS "${downscalexr_onednn_library}" DESTINATION "${downscalexr_libdir}" RENAME "${downscalexr_onednn_soname}")
  # Its licence goes where it goes.
  file(GLOB downscalexr_onednn_licences "${downscalexr_onednn_dir}/../share/doc/*/LICENSE"
    "${downscalexr_onednn_dir}/../share/doc/*/THIRD-PARTY-PROGRAMS")
  install(FILES ${downscalexr_onednn_licences} DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/downscalexr/onednn")
endif()
install(FILES "${PROJECT_SOURCE_DIR}/LICENSE" DESTINATION "${CMAKE_INSTALL_DATAROOTDIR}/doc/downscalexr")
# The page of a comparison (study/findings/report_script.cpp looks there), and the comparison with other libraries under a
# name of its own. Networks are compiled in; their files are patterns for new ones, as the recipes are settings to start from.
set(downscalexr_share "${CMAKE_INSTALL_DATADIR}/downscalexr")
install(PROGRAMS "${PROJECT_SOURCE_DIR}/scripts/report" DESTINATION "${downscalexr_share}/scripts")
install(FILES "${PROJECT_SOURCE_DIR}/scripts/lib/common.sh" "${PROJECT_SOURCE_DIR}/scripts/lib/packages.sh"
  DESTINATION "${downscalexr_share}/scripts/lib")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/scripts/report.d" "${PROJECT_SOURCE_DIR}/scripts/peers.d"
  DESTINATION "${downscalexr_share}/scripts" PATTERN "__pycache__" EXCLUDE)
install(PROGRAMS "${PROJECT_SOURCE_DIR}/scripts/peers" DESTINATION "${CMAKE_INSTALL_BINDIR}" RENAME downscalexr-peers)
install(DIRECTORY "${PROJECT_SOURCE_DIR}/study/settings/recipes" DESTINATION "${downscalexr_share}")
install(DIRECTORY "${PROJECT_SOURCE_DIR}/net/networks" DESTINATION "${downscalexr_share}" FILES_MATCHING PATTERN "*.yaml")
