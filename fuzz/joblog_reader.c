/* SPDX-License-Identifier: Apache-2.0
 * joblog_reader: any file read as a job log, and any record; a reader never stands still on a line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "base/files.h"
#include "joblog/joblog.h"
#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FD int fd = memfd_create("log", MFD_CLOEXEC);
    g_autoptr(JobLogReader) reader = joblog_reader_new(fd, 0);
    JobLogLine line = { 0 };

    if (fd < 0 || !fd_write_all(fd, span_of(data, size), NULL))
        abort();
    if (joblog_line_parse(span_of(data, size), &line, NULL) && line.text.len >= size)
        abort();
    uint64_t before = 0;
    while (joblog_reader_next(reader, &line, NULL) == JOBLOG_READ_LINE) {
        uint64_t after = joblog_reader_get_offset(reader);
        if (after <= before || after > size)
            abort();
        before = after;
    }
    return 0;
}
