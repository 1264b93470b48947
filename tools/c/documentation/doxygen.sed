# Makes the comments of rg_edge.h those of Doxygen.
1s,^/\* ,/** @mainpage The C interface\n * ,
s,^/\* ---- In detail -*$,/** @page detail In detail,
/^\/\* ----.*\*\/$/b
s,^/\* ,/** ,
s,\([;|,0-9A-Za-z]\)\( *\)/\* \(.*\)\*/$,\1\2/**< \3*/,
