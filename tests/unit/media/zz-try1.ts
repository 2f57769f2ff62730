import { makeClip } from "/work/main/tests/unit/media/clips.ts";
import { writeEpoch } from "#media/epoch-writer.ts";
import { readEpoch } from "#media/epoch-reader.ts";
import { writeFileSync } from "node:fs";
const id = (c:string)=>c.repeat(22).slice(0,22) as any;
for (const codec of ["avc","vp9","av1","opus"] as const) {
  const clip = await makeClip(codec, {seconds: 2});
  const metadata:any = { room:null, take:id("t"), track:id("k"), participant:null, participantName:"Åsa 🎬", source: codec==="opus"?"microphone":"camera", seq:0, run:0, media:clip.media, configHash:"0".repeat(64), trackZeroUs: 1234567.25, pcmFrames:0, timeOriginMs:1.7e12+0.3, wallClockMs:1700000000000, clock:null, takeZeroRoomUs:null, previous:null, gaps:[], peaks:"" };
  const packets = clip.packets.map(p=>({...p,timestampUs:p.timestampUs+7_200_000_123}));
  let w = await writeEpoch({metadata, config: clip.config, packets});
  let t=performance.now(); for(let i=0;i<100;i++) w = await writeEpoch({metadata, config: clip.config, packets});
  const wt=(performance.now()-t)/100;
  let r = readEpoch(w.bytes); t=performance.now(); for(let i=0;i<100;i++) r = readEpoch(w.bytes);
  console.log(codec, w.bytes.length, packets.length, "write ms", wt.toFixed(2), "read ms", ((performance.now()-t)/100).toFixed(2), r.config.codec, r.packets[1]);
  writeFileSync(`/tmp/e-${codec}.mp4`, w.bytes);
  r.packets.forEach((p,i)=>{ if(p.timestampUs!==packets[i].timestampUs|| Buffer.compare(p.data,packets[i].data)) throw new Error("diff "+i)});
}
