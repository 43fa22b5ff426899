// Reads simulations as a JSON array from stdin, judges each with @cloud-copilot/iam-simulate, and writes
// their outcomes as a JSON array.
// An outcome is Allowed, ExplicitlyDenied, ImplicitlyDenied, or an object that tells why there is none.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const outcomes = []
for (const simulation of JSON.parse(readFileSync(0, 'utf8'))) {
  const answer = await runSimulation(simulation, {})
  if (answer.resultType !== 'single') {
    outcomes.push({ error: answer.errors ?? answer.resultType })
  } else if (answer.result.ignoredContextKeys?.length) {
    outcomes.push({ error: { ignoredContextKeys: answer.result.ignoredContextKeys } })
  } else {
    outcomes.push(answer.overallResult)
  }
}
process.stdout.write(JSON.stringify(outcomes))
