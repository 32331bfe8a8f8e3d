# Filters, schedules, typed inputs, labels and secrets, and the plan that shows them.
# schema: accepts
file slipway.yaml
| slipway: 1
| project: demo
| on: { branches: [ main, "release/**" ], tags: "v*", paths: [ "src/**", "!**/*.md" ], skip: false }
| schedules:
|   - { cron: "0 2 * * 1-5", reason: nightly, branch: main, inputs: { count: 3 } }
|   - { cron: "@weekly" }
| inputs:
|   count: { type: int, default: 1 }
|   slow: { type: bool, default: false }
|   note: { type: string, default: "" }
|   level: { type: choice, choices: [ fast, full ], default: fast }
| jobs:
|   build:
|     executor: vm
|     labels: { qubes: { file: .qubes-version }, arch: amd64 }
|     secrets: [ DEPLOY_TOKEN ]
|     steps: [ { run: make } ]
|   other: { executor: command, labels: { os: openbsd }, steps: [ { run: make } ] }
$ slipway check
> slipway.yaml is good: project 'demo', jobs: 2, streams: 0, targets: 0
$ slipway plan --input count=7
> demo, event manual
>   build  vm, network none, 1 step, 1h
>   other  command, network none, 1 step, 1h
> 2 jobs, 0 skipped
$ slipway plan --input count=many
! slipway: input 'count' must be a whole number, not 'many'
= 1
$ slipway plan --input slow=yes
! slipway: input 'slow' must be 'true' or 'false', not 'yes'
= 1
$ slipway plan --input level=none
! slipway: input 'level' cannot be 'none'; it is one of 'fast', 'full'
= 1
