/** Verbs that do not take -ed, with their past tense: of those that a plot inflects. */
export const irregular = (
  "be was,bend bent,bite bit,blow blew,break broke,bring brought,build built,buy bought,catch caught," +
  "choose chose,come came,dig dug,draw drew,drink drank,drive drove,eat ate,fall fell,feed fed," +
  "feel felt,fight fought,find found,fly flew,forget forgot,get got,give gave,go went,grow grew," +
  "have had,hear heard,hide hid,hold held,keep kept,know knew,leave left,lie lay,lose lost," +
  "make made,meet met,put put,cut cut,shut shut,read read,ride rode,run ran,say said,see saw,sell sold,send sent,set set," +
  "shake shook,shine shone,sing sang,sit sat,sleep slept,slide slid,speak spoke,spin spun," +
  "stand stood,steal stole,sweep swept,swim swam,swing swung,take took,teach taught,tell told," +
  "think thought,throw threw,wake woke,wear wore,weave wove,win won,write wrote"
).split(",");

/** Verbs that double their last letter before -ed and -ing. */
export const doubled = (
  "beg chat chop clap cut dig drop get grab hop hug hum jog nod pat plan put rub run set shut sit " +
  "skip slip spin stop swim tap trim trip win wrap"
).split(" ");
