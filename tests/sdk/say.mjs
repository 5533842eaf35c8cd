// Sends what a shop's website or till sends: who is there, and one thing that happened. Segment's own client, our address.
import { Analytics } from '@segment/analytics-node'

const [host, writeKey, userId, event, properties] = process.argv.slice(2)
const analytics = new Analytics({ host, writeKey, maxRetries: 2 })
let failed = false
analytics.on('error', (error) => {
  failed = true
  console.error('the SDK reports', error)
})

analytics.identify({ userId, traits: { plan: 'loyal' } })
analytics.track({ userId, event, properties: JSON.parse(properties) })
await analytics.closeAndFlush({ timeout: 10_000 })
if (failed) process.exit(1)
console.log('flushed 2')
