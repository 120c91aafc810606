import ABCI
import Consensus
import ConsensusTypes
import Primitives
import Replica

extension Simulation {
    // MARK: - Lives

    func start(_ index: Int) {
        guard !nodes[index].isUp else { return }
        nodes[index].life += 1
        if nodes[index].betrayal == .amnesia { nodes[index].disk.forgetSignatures() }
        note(1, UInt64(index))
        do {
            let tail = try nodes[index].disk.readTail()
            nodes[index].replica = try Replica(
                configuration: nodes[index].configuration, genesis: genesis, key: keys[nodes[index].validator],
                storage: nodes[index].disk.store, verifier: verifier)
            feed(.start(log: tail, lastSign: nodes[index].disk.signState), to: index)
        } catch {
            invariants.fail("node \(index) does not start: \(error)")
        }
        for other in nodes.indices where other != index {
            queue.add(.connect(index, other), at: now + random.number(1...50) * Self.millisecond)
        }
        // Amnesia is for those who die often.
        if nodes[index].betrayal == .amnesia { die(index, afterEffects: Int(random.number(50...2000)), downFor: 0) }
    }

    func die(_ index: Int, afterEffects count: Int, downFor length: Int64) {
        nodes[index].effectsToLive = count
        nodes[index].downFor = length
    }

    func kill(_ index: Int, downFor length: Int64) {
        guard !nodes[index].isPuppet, nodes[index].isUp else { return }
        kills += 1
        note(2, UInt64(index))
        nodes[index].replica = nil
        nodes[index].life += 1
        nodes[index].timers = [:]
        nodes[index].effectsToLive = nil
        nodes[index].diskIsFreeAt = 0
        nodes[index].applicationIsFreeAt = [:]
        nodes[index].application.kill()
        do {
            try nodes[index].disk.kill(&random)
        } catch {
            invariants.fail("the simulated disk of node \(index) broke: \(error)")
        }
        for other in nodes.indices where other != index { disconnect(index, other) }
        queue.add(.start(index), at: now + length + Self.millisecond)
    }

    // MARK: - Steps

    func feed(_ input: ReplicaInput, to index: Int) {
        let clock = clock(of: index)
        guard let effects = nodes[index].replica?.step(input, now: clock) else { return }
        let life = nodes[index].life
        var written: [(to: Int, messages: Int)] = []
        for effect in effects {
            carryOut(effect, of: index, &written)
            if let left = nodes[index].effectsToLive {
                nodes[index].effectsToLive = left - 1
                if left <= 0 { kill(index, downFor: nodes[index].downFor) }
            }
            guard nodes[index].life == life else { return }
        }
        for (to, messages) in written {
            queue.add(
                .written(from: index, to: to, epoch: link(index, to).epoch, messages: messages),
                at: now + Self.millisecond)
        }
    }

    private func carryOut(_ effect: ReplicaEffect, of index: Int, _ written: inout [(to: Int, messages: Int)]) {
        switch effect {
        case .send(let message, let receivers):
            judge(message, sentBy: index)
            for receiver in receivers {
                guard let to = nodes.firstIndex(where: { $0.id == receiver }) else { continue }
                send(message, from: index, to: to)
                if let place = written.firstIndex(where: { $0.to == to }) {
                    written[place].messages += 1
                } else {
                    written.append((to, 1))
                }
            }
        case .disconnect(let peer, let reason): drop(peer, reason, by: index)
        case .setTimer(let timer, let after):
            nodes[index].timerGeneration += 1
            nodes[index].timers[timer] = nodes[index].timerGeneration
            queue.add(
                .timer(node: index, life: nodes[index].life, timer, generation: nodes[index].timerGeneration),
                at: now + max(0, Int64(after / .nanoseconds(1))))
        case .cancelTimer(let timer): nodes[index].timers[timer] = nil
        case .appendWAL, .write, .persistSignState: store(effect, of: index)
        case .application(let request, let id): call(request, id, of: index)
        case .fetchLightBlock(_, let id): later(.lightBlock(id, nil), to: index)
        case .fetchParameters(_, let id): later(.parameters(id, nil), to: index)
        case .event(.newBlock(let block, let id, _)):
            note(3, UInt64(index), UInt64(bitPattern: block.header.height))
            digest.add(id.hash?.bytes ?? [])
            if nodes[index].isHonest { invariants.committed(block, id, by: index) }
        case .halt(let failure):
            if nodes[index].isHonest, !nodes[index].disk.isFull { invariants.fail("node \(index) halted: \(failure)") }
        case .event, .reply: break
        }
    }

    private func later(_ input: ReplicaInput, to index: Int, after delay: Int64 = 0) {
        queue.add(.input(node: index, life: nodes[index].life, input), at: now + delay)
    }

    // MARK: - Application

    /// The application works on the request at once; its answer takes a while, in order on each connection.
    private func call(_ request: ABCIRequest, _ id: CompletionID, of index: Int) {
        let response = nodes[index].application.respond(to: request)
        let connection = request.connection
        let answered =
            max(now, nodes[index].applicationIsFreeAt[connection] ?? 0) + random.number(10...3000) * 1000
        nodes[index].applicationIsFreeAt[connection] = answered
        later(.applicationAnswered(id, response), to: index, after: answered - now)
        judgeMisbehavior(of: index)
    }

    // MARK: - Disk

    private func store(_ effect: ReplicaEffect, of index: Int) {
        let work: DiskWork
        do {
            if nodes[index].disk.isFull { throw ReplicaFailure.storage("no space left on device") }
            switch effect {
            case .appendWAL(let records, let sync, let id):
                try nodes[index].disk.append(records)
                work = .log(nodes[index].disk.mark, sync: sync, id)
            case .write(let batch, let sync, let id):
                try nodes[index].disk.write(batch)
                work = .store(nodes[index].disk.mark, sync: sync, id)
            case .persistSignState(let state, let id):
                nodes[index].disk.replace(state)
                work = .signState(id)
            default: return
            }
        } catch {
            if let id = effect.storageCompletion { later(.storageFailed(id, reason: "\(error)"), to: index) }
            return
        }
        let done = max(now, nodes[index].diskIsFreeAt) + random.number(10...2000) * 1000
        nodes[index].diskIsFreeAt = done
        queue.add(.disk(node: index, life: nodes[index].life, work), at: done)
    }

    func complete(_ work: DiskWork, of index: Int) {
        do {
            switch work {
            case .log(let mark, let sync, let id):
                if sync { nodes[index].disk.syncLog(to: mark) }
                if let id { feed(.walAppended(id), to: index) }
            case .store(let mark, let sync, let id):
                if sync { try nodes[index].disk.syncStore(to: mark) }
                feed(.stored(id), to: index)
            case .signState(let id):
                nodes[index].disk.signStateIsDurable()
                feed(.signStatePersisted(id), to: index)
            }
        } catch {
            invariants.fail("the simulated disk of node \(index) broke: \(error)")
        }
    }
}

extension ReplicaEffect {
    fileprivate var storageCompletion: CompletionID? {
        switch self {
        case .appendWAL(_, _, let id): id
        case .write(_, _, let id): id
        case .persistSignState(_, let id): id
        default: nil
        }
    }
}
