/** The service worker's entry, named for its address: /sw.js. */
import "./main.ts";
