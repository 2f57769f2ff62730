/** Deletes every object whose key begins with `prefix`, page by page. @throws when the store does; call again then. */
export async function purgePrefix(bucket: R2Bucket, prefix: string): Promise<number> {
  let deleted = 0;
  for (;;) {
    // Always the first page: what is deleted is no longer listed, and a cursor could skip what came in meanwhile.
    const page = await bucket.list({ prefix, limit: 1000 });
    if (page.objects.length === 0) return deleted;
    await bucket.delete(page.objects.map((object) => object.key));
    deleted += page.objects.length;
  }
}
