/* none: a bad sample: no licence. */
