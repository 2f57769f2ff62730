import * as v from "valibot";

/** Control characters and the bidi controls that could make one name read as another. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

const line = (max: number) =>
  v.pipe(
    v.string(),
    v.maxLength(1000),
    v.transform((value) => value.replace(UNSEEN, "").replace(/\s+/gu, " ").trim()),
    v.maxLength(max, `longer than ${max} letters`),
  );

/** A person's name: 1 to 80 letters, control and bidi characters stripped, white space folded. */
export const personName = v.pipe(line(80), v.minLength(1, "a name is needed"));

/** A title of a room or take: may be empty. */
export const title = line(120);
