/* form_in.h - what form.c and multipart.c share. */
#pragma once

#include "http/form.h"

/* The media type of a Content-Type header without its parameters. */
struct str media_type(const struct http_request *r, struct str *ret_parameters);
