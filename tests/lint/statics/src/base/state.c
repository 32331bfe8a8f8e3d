/* SPDX-License-Identifier: Apache-2.0
 * state: a bad sample: state of the file and state hidden in a function; the tables are fine. */
static int counter;
static const char *const names[] = { "a", "b" };
static int allowed_one = 1;
int state_next(int i);

int
state_next(int i)
{
    static int hidden = 3;

    allowed_one += i;
    return ++counter + ++hidden + names[i][0];
}
