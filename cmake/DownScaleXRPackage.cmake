# cpack makes a Debian package of what `cmake --install` installs. Libraries that the programs need are found in the programs
# themselves (dpkg-shlibdeps, of dpkg-dev); oneDNN is in the package, unless it is the system's own. Included after all targets.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME downscalexr)
set(CPACK_PACKAGE_CONTACT "DownScaleXR maintainers <maintainers@downscalexr.invalid>")
set(CPACK_PACKAGE_VENDOR DownScaleXR)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_RESOURCE_FILE_LICENSE "${PROJECT_SOURCE_DIR}/LICENSE")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
if(downscalexr_libdir)
  get_filename_component(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${downscalexr_onednn_library}" REALPATH)
  get_filename_component(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS}" DIRECTORY)
endif()
# The page of `study compare` is drawn by Debian's Python; without it the numbers are complete, and `study report` says what is
# missing. downscalexr-peers makes an environment of its own.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "python3-matplotlib, python3-h5py, python3-numpy, python3-jinja2, python3-pil, libjs-jquery, libjs-jquery-tablesorter")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "python3-venv, python3-dev, g++")
include(CPack)
