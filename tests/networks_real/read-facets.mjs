// What the networks' own library makes of a record: its pieces of text, with what each is made a link to.
import { RichText } from '@atproto/api'
import { text } from 'node:stream/consumers'

const records = JSON.parse(await text(process.stdin))
const pieces = (record) =>
  [...new RichText(record).segments()].map((each) => [each.text, each.link?.uri ?? each.tag?.tag ?? null])
const read = (record) => ({ pieces: pieces(record), graphemes: new RichText(record).graphemeLength })
console.log(JSON.stringify(records.map(read)))
